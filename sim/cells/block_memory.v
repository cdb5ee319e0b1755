// What every family's block memory does as Yosys uses it: two ports with one clock, both with words of one width, each of
// which reads or writes in a cycle. A word comes after the clock's edge. Where the other port writes to the address that is
// read, the word is the old one if OLD; else nobody may rely on it, and it comes inverted, so that a design that did would
// be seen. So it does at the writing port itself.
module hwgen_block_memory #(
    parameter integer WIDTH = 18, parameter integer BYTES = 2, parameter integer WORDS = 1024, parameter integer OLD = 0
) (
    input clk,
    input enable_a, input [BYTES-1:0] write_a, input [$clog2(WORDS)-1:0] address_a, input [WIDTH-1:0] data_a,
    input reset_a, output reg [WIDTH-1:0] read_a,
    input enable_b, input [BYTES-1:0] write_b, input [$clog2(WORDS)-1:0] address_b, input [WIDTH-1:0] data_b,
    input reset_b, output reg [WIDTH-1:0] read_b
);
    localparam integer BITS = WIDTH / BYTES;
    reg [WIDTH-1:0] memory [0:WORDS-1];
    wire same = address_a == address_b;
    wire lost_a = enable_b && |write_b && same && !OLD || |write_a;
    wire lost_b = enable_a && |write_a && same && !OLD || |write_b;
    integer i;
    always @(posedge clk) begin
        for (i = 0; i < BYTES; i = i + 1) begin
            if (enable_a && write_a[i]) memory[address_a][i*BITS +: BITS] <= data_a[i*BITS +: BITS];
            if (enable_b && write_b[i]) memory[address_b][i*BITS +: BITS] <= data_b[i*BITS +: BITS];
        end
        if (enable_a) read_a <= reset_a ? {WIDTH{1'b0}} : memory[address_a] ^ {WIDTH{lost_a}};
        if (enable_b) read_b <= reset_b ? {WIDTH{1'b0}} : memory[address_b] ^ {WIDTH{lost_b}};
    end
endmodule
