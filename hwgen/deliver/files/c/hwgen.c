#include "hwgen.h"

#include "hwgen_registers.h"
#include "platform.h"

static void address(uint32_t low, uint32_t high, uint64_t value)
{
    hwgen_write(low, (uint32_t)value);
    hwgen_write(high, (uint32_t)(value >> 32));
}

/* Give one command and look at STATUS until it is done. An error counts even where a done bit stands beside it. */
static int command(uint32_t start, uint32_t done)
{
    hwgen_write(HWGEN_CONTROL, start);
    for (unsigned looks = 0;; looks++) {
        uint32_t status = hwgen_read(HWGEN_STATUS);
        uint32_t error = (status & HWGEN_STATUS_ERROR_MASK) >> HWGEN_STATUS_ERROR_LOW;
        if (error)
            return (int)error;
        if (status & done)
            return 0;
        if (hwgen_wait(looks))
            return HWGEN_TIMEOUT;
    }
}

int hwgen_open(void)
{
    if (hwgen_read(HWGEN_ID) != HWGEN_ID_VALUE || hwgen_read(HWGEN_VERSION) != HWGEN_VERSION_VALUE)
        return HWGEN_OTHER_DESIGN;
    hwgen_write(HWGEN_WATCHDOG, 1u << 20);
    return 0;
}

int hwgen_load(const void *stream, size_t bytes)
{
    uint64_t base = hwgen_send(stream, bytes);
    if (!base)
        return HWGEN_NO_MEMORY;
    address(HWGEN_LOAD_BASE_LOW, HWGEN_LOAD_BASE_HIGH, base);
    hwgen_write(HWGEN_LOAD_BEATS, (uint32_t)(bytes / 16));
    return command(HWGEN_CONTROL_LOAD_MASK, HWGEN_STATUS_DONE_LOAD_MASK);
}

int hwgen_run(void)
{
#ifdef HWGEN_RUN_FIRST /* some designs could run a part of the passes */
    hwgen_write(HWGEN_RUN_FIRST, 0);
    hwgen_write(HWGEN_RUN_COUNT, 0);
#endif
    return command(HWGEN_CONTROL_RUN_MASK, HWGEN_STATUS_DONE_RUN_MASK);
}

int hwgen_store(void *results, uint32_t words, uint32_t units)
{
    size_t bytes = (size_t)16 * words * units;
    if (!bytes)
        return 0;
    uint64_t base = hwgen_reserve(bytes);
    if (!base)
        return HWGEN_NO_MEMORY;
    address(HWGEN_STORE_BASE_LOW, HWGEN_STORE_BASE_HIGH, base);
    hwgen_write(HWGEN_STORE_WORDS, words);
    int code = command(HWGEN_CONTROL_STORE_MASK, HWGEN_STATUS_DONE_STORE_MASK);
    if (!code)
        hwgen_receive(results, bytes);
    return code;
}

const char *hwgen_meaning(int code)
{
    static const char *const errors[] = HWGEN_ERROR_MEANINGS;
    if (code == HWGEN_OTHER_DESIGN)
        return "the device holds another design: program it with this build's bitstream";
    if (code == HWGEN_TIMEOUT)
        return "a command has not finished: check that the clock runs";
    if (code == HWGEN_NO_MEMORY)
        return "the shared buffer is too small";
    return code >= 0 && (size_t)code < sizeof errors / sizeof *errors ? errors[code] : "an unknown error";
}
