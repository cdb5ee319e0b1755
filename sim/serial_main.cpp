// The top of a bitstream in simulation: bytes on standard input and output stand for the signals on its two wires.
//
//     serial_top DIVISOR
//
// ends when standard input does. Bytes go at full rate, ten bits of DIVISOR cycles each. Where nothing has happened on
// either wire for QUIET cycles, time waits for input, a little at a time.
#include <poll.h>
#include <unistd.h>

#include <cstdlib>
#include <deque>

#include "Vtop.h"
#include "verilated.h"

static const long QUIET = 1 << 17, LOOK = 512, STEP = 1 << 12;

int main(int argc, char** argv) {
    const int divisor = argc > 1 ? std::atoi(argv[1]) : 0;
    if (divisor < 1) return 2;
    VerilatedContext context;
    Vtop top{&context};
    std::deque<unsigned char> waiting;
    int out_bits = 0, out_left = 0, out_word = 0;  // to the design's input
    int in_bits = 0, in_left = 0, in_word = 0;     // from its output
    bool receives = false;
    long quiet = 0, look = 0;
    top.receive_pin = 1;
    for (;;) {
        if (--look <= 0) {
            pollfd input{0, POLLIN, 0};
            const bool idle = quiet > QUIET;
            look = idle ? STEP : LOOK;
            if (waiting.empty() && poll(&input, 1, idle ? 5 : 0) > 0) {
                unsigned char bytes[4096];
                const ssize_t count = read(0, bytes, sizeof bytes);
                if (count <= 0) return 0;
                waiting.insert(waiting.end(), bytes, bytes + count);
            }
        }
        quiet++;
        if (out_left > 0) {
            out_left--;
        } else if (out_bits > 0 || !waiting.empty()) {
            if (out_bits == 0) {
                out_word = waiting.front() << 1 | 0x200;
                waiting.pop_front();
                out_bits = 10;
            }
            top.receive_pin = out_word & 1;
            out_word >>= 1;
            out_bits--;
            out_left = divisor - 1;
            quiet = 0;
        }
        top.clock_pin = 0;
        top.eval();
        top.clock_pin = 1;
        top.eval();
        if (!receives) {
            if (!top.transmit_pin) receives = true, in_bits = 0, in_left = divisor + divisor / 2 - 1, quiet = 0;
        } else if (--in_left == 0) {
            in_left = divisor;
            quiet = 0;
            if (in_bits < 8) {
                in_word = in_word >> 1 | (top.transmit_pin ? 0x80 : 0);
                in_bits++;
            } else {
                const unsigned char byte = static_cast<unsigned char>(in_word);
                if (!top.transmit_pin || write(1, &byte, 1) != 1) return 3;
                receives = false;
            }
        }
    }
}
