/* Load a model and one batch, run it, and write its results to a file.
 *
 *   cc -std=c11 -O2 -o example example.c hwgen.c platform_linux.c
 *   ./example ../../images/model.bin ../../batches/0000/batch.bin RESULT_WORDS UNITS results.bin
 *
 * RESULT_WORDS is result_words of the batch's layout.json, UNITS its store_beats over result_words; "-" for the model
 * where there is none. results.bin holds 16-bit integers, RESULT_WORDS words of eight from unit 0, then from unit 1 and
 * so on; docs/formats.md says which is which, results_word and results_column of golden.npz for this batch. */
#include "hwgen.h"
#include "hwgen_registers.h"
#include "platform.h"
#include "platform_linux.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    void *data = NULL;
    if (file && !fseek(file, 0, SEEK_END)) {
        long length = ftell(file);
        rewind(file);
        data = length > 0 ? malloc((size_t)length) : NULL;
        if (data && fread(data, 1, (size_t)length, file) != (size_t)length) {
            free(data);
            data = NULL;
        }
        *size = data ? (size_t)length : 0;
    }
    if (file)
        fclose(file);
    return data;
}

static int failed(const char *step, int code)
{
    if (code)
        fprintf(stderr, "%s: %s\n", step, hwgen_meaning(code));
    return code;
}

static int load_file(const char *path)
{
    size_t size = 0;
    void *stream = read_file(path, &size);
    if (!stream) {
        fprintf(stderr, "cannot read %s\n", path);
        return -1;
    }
    int code = failed(path, hwgen_load(stream, size));
    free(stream);
    return code;
}

int main(int count, char **words)
{
    if (count != 6) {
        fprintf(stderr, "usage: %s MODEL|- BATCH RESULT_WORDS UNITS RESULTS\n", words[0]);
        return 2;
    }
    uint32_t result_words = (uint32_t)strtoul(words[3], NULL, 0), units = (uint32_t)strtoul(words[4], NULL, 0);
    const char *wrong = hwgen_platform_open();
    if (wrong) {
        fprintf(stderr, "%s\n", wrong);
        return 2;
    }
    if (failed("open", hwgen_open()) || (strcmp(words[1], "-") && load_file(words[1])) || load_file(words[2])
        || failed("run", hwgen_run()))
        return 1;
    size_t size = (size_t)16 * result_words * units;
    void *results = malloc(size ? size : 1);
    if (!results || failed("store", hwgen_store(results, result_words, units)))
        return 1;
    printf("%u cycles; %u to load, %u to store\n", (unsigned)hwgen_read(HWGEN_CYCLES),
           (unsigned)hwgen_read(HWGEN_LOAD_CYCLES), (unsigned)hwgen_read(HWGEN_STORE_CYCLES));
    FILE *file = fopen(words[5], "wb");
    int bad = !file || fwrite(results, 1, size, file) != size;
    bad = (file && fclose(file)) || bad;
    free(results);
    if (bad)
        fprintf(stderr, "cannot write %s\n", words[5]);
    return bad ? 1 : 0;
}
