"""An issuer of workflows' tokens on loopback, with real keys."""

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

AUDIENCE = "registry.test"


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def part(value):
    """An object, or text as it is, as a part of a token."""
    return encode(value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode())


def number(value, size):
    return encode(value.to_bytes(size, "big"))


class Key:
    def __init__(self, kid, algorithm):
        self.kid, self.algorithm = kid, algorithm
        self.private = {"RS256": lambda: rsa.generate_private_key(65537, 2048),
                        "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
                        "EdDSA": ed25519.Ed25519PrivateKey.generate}[algorithm]()

    def sign(self, text):
        if self.algorithm == "RS256":
            return self.private.sign(text, padding.PKCS1v15(), hashes.SHA256())
        if self.algorithm == "ES256":
            r, s = utils.decode_dss_signature(self.private.sign(text, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return self.private.sign(text)

    def public(self):
        """As in a key set (RFC 7517)."""
        public = self.private.public_key()
        if self.algorithm == "RS256":
            numbers = public.public_numbers()
            fields = {"kty": "RSA", "n": number(numbers.n, 256), "e": number(numbers.e, 3)}
        elif self.algorithm == "ES256":
            numbers = public.public_numbers()
            fields = {"kty": "EC", "crv": "P-256", "x": number(numbers.x, 32), "y": number(numbers.y, 32)}
        else:
            fields = {"kty": "OKP", "crv": "Ed25519", "x": encode(public.public_bytes(Encoding.Raw, PublicFormat.Raw))}
        return {**fields, "kid": self.kid, "alg": self.algorithm, "use": "sig"}


class Issuer:
    """Publishes keys, signs tokens, and counts who asks.

    documents  what a path answers: a dict as JSON, bytes as they are, a number as a status
    """

    def __init__(self, algorithms=("RS256", "ES256", "EdDSA")):
        self.keys = [Key(f"key-{algorithm}", algorithm) for algorithm in algorithms]
        self.asked = []
        self.documents = {}
        self.delay = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append(self.path)
                time.sleep(outer.delay)
                answer = outer.documents.get(self.path, 404)
                status = answer if isinstance(answer, int) else 200
                body = answer if isinstance(answer, bytes) else b"" if status != 200 else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.publish()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def key_set(self):
        return {"keys": [key.public() for key in self.keys]}

    def publish(self):
        self.documents["/.well-known/openid-configuration"] = {"issuer": self.url, "jwks_uri": self.url + "/keys"}
        self.documents["/keys"] = self.key_set()

    def rotate(self):
        """New keys in place of all; the old ones."""
        old = self.keys
        self.keys = [Key(f"{key.kid}-new", key.algorithm) for key in old]
        self.publish()
        return old

    def claims(self, **changes):
        """Of a job of acme/app on its main branch; None takes a claim away."""
        now = int(time.time())
        claims = {"iss": self.url, "aud": AUDIENCE, "sub": "repo:acme/app:ref:refs/heads/main", "iat": now, "nbf": now - 5,
                  "exp": now + 300, "jti": "1", "repository": "acme/app", "ref": "refs/heads/main",
                  "event_name": "push", "repository_id": "74", "run_id": "9"}
        return {name: value for name, value in {**claims, **changes}.items() if value is not None}

    def token(self, key=0, header=None, claims=None, **changes):
        """A signed token; header replaces members of the usual one."""
        key = key if isinstance(key, Key) else self.keys[key]
        head = {"typ": "JWT", "alg": key.algorithm, "kid": key.kid, **(header or {})}
        head = {name: value for name, value in head.items() if value is not None}
        text = f"{part(head)}.{part(self.claims(**changes) if claims is None else claims)}"
        return f"{text}.{encode(key.sign(text.encode()))}"
