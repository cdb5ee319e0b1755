/* What a host needs of a platform: registers, and memory that accelerator and host share. platform_linux.c has it for
 * a Zynq under Linux; another platform is another file with these functions. */
#ifndef HWGEN_PLATFORM_H
#define HWGEN_PLATFORM_H

#include <stddef.h>
#include <stdint.h>

uint32_t hwgen_read(uint32_t offset);
void hwgen_write(uint32_t offset, uint32_t value);

/* Put bytes where the accelerator can read them; their physical address, a multiple of 16, or 0 if there is no room. */
uint64_t hwgen_send(const void *data, size_t size);

/* Make room for the accelerator to write; the physical address, a multiple of 16, or 0 if there is none. */
uint64_t hwgen_reserve(size_t size);

/* What the accelerator wrote there. */
void hwgen_receive(void *data, size_t size);

/* Called between two looks at the status. Returns 0 while it is worth waiting, else something else. */
int hwgen_wait(unsigned looks);

#endif
