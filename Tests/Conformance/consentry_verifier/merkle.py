"""RFC 6962 section 2.1: leaves, trees and inclusion proofs."""

import hashlib

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(leaf):
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def split_of(size):
    """The largest power of two below the size."""
    return 1 << ((size - 1).bit_length() - 1)


def root_from_proof(leaf, index, size, hashes):
    """Section 2.1.1 read backwards; None when the proof has not the length that its place demands."""
    if size == 1:
        return leaf if not hashes else None
    if not hashes:
        return None
    split, neighbour, rest = split_of(size), hashes[-1], hashes[:-1]
    if index < split:
        left, right = root_from_proof(leaf, index, split, rest), neighbour
    else:
        left, right = neighbour, root_from_proof(leaf, index - split, size - split, rest)
    if left is None or right is None:
        return None
    return node_hash(left, right)


def root_of(hashes):
    """The root of a tree by its leaf hashes."""
    range_ = CompactRange()
    for value in hashes:
        range_.append(value)
    return range_.root()


class CompactRange:
    """A growing tree by the roots of its complete subtrees alone, the largest first."""

    def __init__(self):
        self.size = 0
        self.nodes = []

    def append(self, leaf):
        value, size = leaf, self.size
        while size & 1:
            value = node_hash(self.nodes.pop(), value)
            size >>= 1
        self.nodes.append(value)
        self.size += 1

    def root(self):
        if not self.nodes:
            return EMPTY_ROOT
        value = self.nodes[-1]
        for node in self.nodes[-2::-1]:
            value = node_hash(node, value)
        return value


class Tree:
    """A growing tree that keeps the hash of every complete subtree, so that any leaf can be proven at any size."""

    def __init__(self):
        self.levels = [[]]

    @property
    def size(self):
        return len(self.levels[0])

    def append(self, leaf):
        level, value = 0, leaf
        while True:
            self.levels[level].append(value)
            if len(self.levels[level]) % 2:
                return
            value = node_hash(*self.levels[level][-2:])
            level += 1
            if level == len(self.levels):
                self.levels.append([])

    def root(self, size=None):
        size = self.size if size is None else size
        return self.subtree(0, size) if size else EMPTY_ROOT

    def subtree(self, start, end):
        """The root over the leaves from start to end, where start is a multiple of a power of two >= end - start."""
        count = end - start
        if count & (count - 1) == 0:
            level = count.bit_length() - 1
            return self.levels[level][start >> level]
        split = start + split_of(count)
        return node_hash(self.subtree(start, split), self.subtree(split, end))

    def inclusion_proof(self, index, size):
        """The hashes beside the path from the leaf to the root, from the leaf up."""
        proof, start, end = [], 0, size
        while end - start > 1:
            split = start + split_of(end - start)
            if index < split:
                proof.append(self.subtree(split, end))
                end = split
            else:
                proof.append(self.subtree(start, split))
                start = split
        return proof[::-1]
