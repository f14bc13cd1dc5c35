"""What the outer tests share: the server's process, a client, images, raw HTTP.

The tests start the real binary and speak to it as any client would.

STAITHE_BINARY  the program; default: build/staithe of the repository
STAITHE_URL     a registry without login that runs already: tests that need
                accounts, the command line or a server of their own are skipped
"""

from .client import Client, link_next, refused
from .images import Document
from .server import Account, Registry

__all__ = ["Account", "Client", "Document", "Registry", "link_next", "refused"]
