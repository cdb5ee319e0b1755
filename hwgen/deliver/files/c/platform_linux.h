/* Opens what platform_linux.c needs; NULL, or what is wrong and what mends it. */
#ifndef HWGEN_PLATFORM_LINUX_H
#define HWGEN_PLATFORM_LINUX_H

const char *hwgen_platform_open(void);

#endif
