"""Where the files of a ledger are read from: a validator's URL, or a folder of the same names."""

import os
import urllib.error
import urllib.request

BYTES_MAX = 1 << 20
TIMEOUT_SECONDS = 30


class Unreadable(Exception):
    """A file cannot be had; the sentence says which and why."""


class Folder:
    """Files below a folder: `checkpoint`, `blocks/<height>`, `receipts/<index>`."""

    def __init__(self, path):
        if not os.path.isdir(path):
            raise Unreadable(f"`{path}` is neither a folder nor a URL")
        self.path = path

    def read(self, name):
        """The bytes of a file; None when it is not there."""
        try:
            with open(os.path.join(self.path, *name.split("/")), "rb") as file:
                return file.read(BYTES_MAX + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unreadable(f"`{name}` cannot be read: {error.strerror}") from None


class Site:
    """The same files over HTTP."""

    def __init__(self, url):
        self.url = url.rstrip("/")

    def read(self, name):
        """The bytes of a resource; None when there is none."""
        try:
            with urllib.request.urlopen(f"{self.url}/{name}", timeout=TIMEOUT_SECONDS) as answer:
                return answer.read(BYTES_MAX + 1)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise Unreadable(f"`{self.url}/{name}` answers {error.code}") from None
        except (OSError, ValueError) as error:
            raise Unreadable(f"`{self.url}/{name}` cannot be read: {error}") from None


def source(place):
    return Site(place) if place.startswith(("http://", "https://")) else Folder(place)
