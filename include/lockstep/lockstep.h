/* The public C API of Lockstep. */
#ifndef LOCKSTEP_LOCKSTEP_H
#define LOCKSTEP_LOCKSTEP_H

#define LOCKSTEP_VERSION_MAJOR 0
#define LOCKSTEP_VERSION_MINOR 1
#define LOCKSTEP_VERSION_PATCH 0

/* "MAJOR.MINOR.PATCH" of the library that runs, which may be newer than the header compiled against. */
const char *lockstep_version(void);

#endif
