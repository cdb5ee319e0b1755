// The parts of SDPB, SDPX9B, DPB and DPX9B that Yosys's map for Arora V uses, written from Gowin UG300 ("Arora V BSRAM &
// SSRAM"): no output register, words of one width on both ports; of two bytes and more the lowest address bits enable
// the bytes of a write. Port A of the first two writes wherever it is enabled, port B reads. Yosys asks for an
// asynchronous reset where there is none at all: that mode has none here.
module hwgen_gowin_block #(
    parameter integer BITS = 18432, parameter integer WIDTH_A = 36, parameter integer WIDTH_B = 36,
    parameter integer BYTE = 9, parameter integer PINS = 36, parameter READ_MODE = 1'b0
) (
    input clk, input enable_a, write_a, reset_a, enable_b, write_b, reset_b, input [13:0] at_a, at_b,
    input [PINS-1:0] in_a, in_b, output [PINS-1:0] out_a, out_b
);
    localparam integer WIDTH = WIDTH_A;
    localparam integer BYTES = WIDTH < 2 * BYTE ? 1 : WIDTH / BYTE;
    localparam integer WORDS = BITS / WIDTH;
    localparam integer LOW = 14 - $clog2(WORDS);
    if (WIDTH_A != WIDTH_B || READ_MODE != 1'b0)
        $error("a block memory in a mode that this model does not have");
    wire [WIDTH-1:0] word_a, word_b;
    assign out_a = {PINS{1'b0}} | word_a;
    assign out_b = {PINS{1'b0}} | word_b;
    hwgen_block_memory #(.WIDTH(WIDTH), .BYTES(BYTES), .WORDS(WORDS)) memory (
        .clk(clk),
        .enable_a(enable_a), .write_a({BYTES{write_a}} & (BYTES > 1 ? at_a[BYTES-1:0] : 1'b1)),
        .address_a(at_a[13:LOW]), .data_a(in_a[WIDTH-1:0]), .reset_a(reset_a), .read_a(word_a),
        .enable_b(enable_b), .write_b({BYTES{write_b}} & (BYTES > 1 ? at_b[BYTES-1:0] : 1'b1)),
        .address_b(at_b[13:LOW]), .data_b(in_b[WIDTH-1:0]), .reset_b(reset_b), .read_b(word_b));
endmodule

module SDPX9B #(
    parameter READ_MODE = 1'b0, parameter BIT_WIDTH_0 = 36, parameter BIT_WIDTH_1 = 36, parameter BLK_SEL_0 = 3'b000,
    parameter BLK_SEL_1 = 3'b000, parameter RESET_MODE = "SYNC"
) (
    input CLKA, CEA, CLKB, CEB, OCE, RESET, input [13:0] ADA, ADB, input [2:0] BLKSELA, BLKSELB, input [35:0] DI,
    output [35:0] DO
);
    hwgen_gowin_block #(
        .BITS(18432), .WIDTH_A(BIT_WIDTH_0), .WIDTH_B(BIT_WIDTH_1), .BYTE(9), .PINS(36), .READ_MODE(READ_MODE)
    ) block (
        .clk(CLKA), .enable_a(CEA), .write_a(1'b1), .reset_a(1'b0), .at_a(ADA), .in_a(DI), .out_a(),
        .enable_b(CEB), .write_b(1'b0), .reset_b(RESET && RESET_MODE == "SYNC"), .at_b(ADB), .in_b(36'd0), .out_b(DO));
endmodule

module SDPB #(
    parameter READ_MODE = 1'b0, parameter BIT_WIDTH_0 = 32, parameter BIT_WIDTH_1 = 32, parameter BLK_SEL_0 = 3'b000,
    parameter BLK_SEL_1 = 3'b000, parameter RESET_MODE = "SYNC"
) (
    input CLKA, CEA, CLKB, CEB, OCE, RESET, input [13:0] ADA, ADB, input [2:0] BLKSELA, BLKSELB, input [31:0] DI,
    output [31:0] DO
);
    hwgen_gowin_block #(
        .BITS(16384), .WIDTH_A(BIT_WIDTH_0), .WIDTH_B(BIT_WIDTH_1), .BYTE(8), .PINS(32), .READ_MODE(READ_MODE)
    ) block (
        .clk(CLKA), .enable_a(CEA), .write_a(1'b1), .reset_a(1'b0), .at_a(ADA), .in_a(DI), .out_a(),
        .enable_b(CEB), .write_b(1'b0), .reset_b(RESET && RESET_MODE == "SYNC"), .at_b(ADB), .in_b(32'd0), .out_b(DO));
endmodule

module DPX9B #(
    parameter READ_MODE0 = 1'b0, parameter READ_MODE1 = 1'b0, parameter WRITE_MODE0 = 2'b00, parameter WRITE_MODE1 = 2'b00,
    parameter BIT_WIDTH_0 = 18, parameter BIT_WIDTH_1 = 18, parameter BLK_SEL_0 = 3'b000,
    parameter BLK_SEL_1 = 3'b000, parameter RESET_MODE = "SYNC"
) (
    input CLKA, CEA, CLKB, CEB, OCEA, OCEB, RESETA, RESETB, WREA, WREB, input [13:0] ADA, ADB,
    input [17:0] DIA, DIB, input [2:0] BLKSELA, BLKSELB, output [17:0] DOA, DOB
);
    hwgen_gowin_block #(
        .BITS(18432), .WIDTH_A(BIT_WIDTH_0), .WIDTH_B(BIT_WIDTH_1), .BYTE(9), .PINS(18),
        .READ_MODE(READ_MODE0 | READ_MODE1)
    ) block (
        .clk(CLKA),
        .enable_a(CEA), .write_a(WREA), .reset_a(RESETA && RESET_MODE == "SYNC"), .at_a(ADA), .in_a(DIA), .out_a(DOA),
        .enable_b(CEB), .write_b(WREB), .reset_b(RESETB && RESET_MODE == "SYNC"), .at_b(ADB), .in_b(DIB), .out_b(DOB));
endmodule

module DPB #(
    parameter READ_MODE0 = 1'b0, parameter READ_MODE1 = 1'b0, parameter WRITE_MODE0 = 2'b00, parameter WRITE_MODE1 = 2'b00,
    parameter BIT_WIDTH_0 = 16, parameter BIT_WIDTH_1 = 16, parameter BLK_SEL_0 = 3'b000,
    parameter BLK_SEL_1 = 3'b000, parameter RESET_MODE = "SYNC"
) (
    input CLKA, CEA, CLKB, CEB, OCEA, OCEB, RESETA, RESETB, WREA, WREB, input [13:0] ADA, ADB,
    input [15:0] DIA, DIB, input [2:0] BLKSELA, BLKSELB, output [15:0] DOA, DOB
);
    hwgen_gowin_block #(
        .BITS(16384), .WIDTH_A(BIT_WIDTH_0), .WIDTH_B(BIT_WIDTH_1), .BYTE(8), .PINS(16),
        .READ_MODE(READ_MODE0 | READ_MODE1)
    ) block (
        .clk(CLKA),
        .enable_a(CEA), .write_a(WREA), .reset_a(RESETA && RESET_MODE == "SYNC"), .at_a(ADA), .in_a(DIA), .out_a(DOA),
        .enable_b(CEB), .write_b(WREB), .reset_b(RESETB && RESET_MODE == "SYNC"), .at_b(ADB), .in_b(DIB), .out_b(DOB));
endmodule
