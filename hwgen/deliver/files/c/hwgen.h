/* Load, run and store, over the registers of hwgen_registers.h. */
#ifndef HWGEN_H
#define HWGEN_H

#include <stddef.h>
#include <stdint.h>

/* Every function returns 0, a code of STATUS.error (HWGEN_ERROR_...), or one of these. */
#define HWGEN_OTHER_DESIGN 100 /* the device holds another design than hwgen_registers.h is of */
#define HWGEN_TIMEOUT 101      /* a command has not finished */
#define HWGEN_NO_MEMORY 102    /* the platform has no room */

/* Check that the device is the one of hwgen_registers.h, and set its watchdog. */
int hwgen_open(void);

/* Read a load stream (images/model.bin, batches/NNNN/batch.bin) into the accelerator's memories. */
int hwgen_load(const void *stream, size_t bytes);

/* Run all passes. */
int hwgen_run(void);

/* Results: `words` (result_words of layout.json) of 16 bytes from each of `units`. */
int hwgen_store(void *results, uint32_t words, uint32_t units);

/* What a code means, for people. */
const char *hwgen_meaning(int code);

#endif
