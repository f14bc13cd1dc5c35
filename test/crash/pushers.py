"""What all crash tests share."""

OCTETS = {"Content-Type": "application/octet-stream"}


class Violation(AssertionError):
    """The registry broke a promise."""


def expect(response, *statuses):
    if response.status_code not in statuses:
        request = response.request
        raise Violation(f"{request.method} {request.path_url}: {response.status_code} {response.text[:300]}")
    return response
