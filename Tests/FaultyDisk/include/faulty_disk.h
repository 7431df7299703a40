// Nothing to include: the library takes the place of calls of the C library, see faulty_disk.c.
