/* Payloads as tests/interop/ends.py writes them: two hexadecimal digits a byte. */
#include <stdio.h>
#include <string.h>

static inline size_t from_hex(const char *text, char *bytes)
{
    size_t size = strlen(text) / 2;
    for (size_t at = 0; at < size; at++) {
        unsigned value;
        sscanf(text + 2 * at, "%2x", &value);
        bytes[at] = (char) value;
    }
    return size;
}

static inline void say_bytes(const void *bytes, size_t size)
{
    for (size_t at = 0; at < size; at++) {
        printf("%02x", ((const unsigned char *) bytes)[at]);
    }
    printf("\n");
}
