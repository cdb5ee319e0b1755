/* A Zynq under Linux: registers over UIO (/dev/uio0) or /dev/mem, one contiguous buffer of u-dma-buf.
 *
 *   HWGEN_UIO      the UIO device                        default: none, then /dev/mem at HWGEN_BASE
 *   HWGEN_BASE     physical address of the registers     default: HWGEN_CONTROL_BASE of hwgen_board.h
 *   HWGEN_UDMABUF  the buffer's name                     default: udmabuf0
 *
 * The buffer's lower half is what is sent, its upper half what is received. It is opened with O_SYNC, which takes the
 * CPU's cache out of the way (u-dma-buf's Readme, "Device file"; https://github.com/ikwzm/udmabuf). */
#define _DEFAULT_SOURCE
#include "platform.h"

#include "hwgen_board.h"
#include "platform_linux.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static volatile uint32_t *registers;
static unsigned char *buffer;
static uint64_t physical;
static size_t half;

static int attribute(const char *name, const char *key, uint64_t *value)
{
    static const char *const classes[] = {"u-dma-buf", "udmabuf"}; /* of new and of old drivers */
    for (size_t at = 0; at < sizeof classes / sizeof *classes; at++) {
        char path[256];
        snprintf(path, sizeof path, "/sys/class/%s/%s/%s", classes[at], name, key);
        FILE *file = fopen(path, "r");
        if (!file)
            continue;
        int found = strcmp(key, "phys_addr") ? fscanf(file, "%" SCNu64, value) : fscanf(file, "%" SCNx64, value);
        fclose(file);
        if (found == 1)
            return 0;
    }
    return -1;
}

static void *map(const char *path, size_t size, off_t offset)
{
    int file = open(path, O_RDWR | O_SYNC);
    if (file < 0)
        return NULL;
    void *found = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, offset);
    close(file);
    return found == MAP_FAILED ? NULL : found;
}

const char *hwgen_platform_open(void)
{
    const char *uio = getenv("HWGEN_UIO"), *base = getenv("HWGEN_BASE"), *name = getenv("HWGEN_UDMABUF");
    uint64_t size = 0;
    name = name ? name : "udmabuf0";
    if (attribute(name, "phys_addr", &physical) || attribute(name, "size", &size))
        return "there is no such u-dma-buf: load its driver, or name the buffer in HWGEN_UDMABUF";
    char path[256];
    snprintf(path, sizeof path, "/dev/%s", name);
    buffer = map(path, size, 0);
    if (!buffer)
        return "the u-dma-buf cannot be mapped: run this as root";
    half = (size_t)(size / 2) & ~(size_t)15;
    off_t where = base ? (off_t)strtoull(base, NULL, 0) : (off_t)HWGEN_CONTROL_BASE;
    registers = uio ? map(uio, HWGEN_CONTROL_BYTES, 0) : map("/dev/mem", HWGEN_CONTROL_BYTES, where);
    return registers ? NULL : "the registers cannot be mapped: run this as root, or name a UIO device in HWGEN_UIO";
}

uint32_t hwgen_read(uint32_t offset)
{
    return registers[offset / 4];
}

void hwgen_write(uint32_t offset, uint32_t value)
{
    registers[offset / 4] = value;
}

uint64_t hwgen_send(const void *data, size_t size)
{
    if (size > half)
        return 0;
    memcpy(buffer, data, size);
    __sync_synchronize();
    return physical;
}

uint64_t hwgen_reserve(size_t size)
{
    return size > half ? 0 : physical + half;
}

void hwgen_receive(void *data, size_t size)
{
    __sync_synchronize();
    memcpy(data, buffer + half, size);
}

int hwgen_wait(unsigned looks)
{
    usleep(looks < 1000 ? 0 : 1000);
    return looks > 11000; /* ten seconds; the hardware's own watchdog is faster */
}
