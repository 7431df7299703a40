#pragma once
// OpenSSL 3 calls these functions deprecated in favour of ones that look the algorithm up by name each time, which
// costs five times what hashing a node does.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
