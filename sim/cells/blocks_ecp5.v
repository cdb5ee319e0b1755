// The part of a DP16KD that Yosys's map for ECP5 uses, written from Lattice FPGA-TN-02204 ("ECP5 and ECP5-5G Memory Usage
// Guide"): no output registers, words of one width on both ports; of 18 bits and more their bytes are enabled by the
// lowest address bits. Yosys asks for an asynchronous reset where there is none at all: that mode has none here. A word of 36 bits takes both ports' pins, its lower half those of A: port A writes
// it, port B reads it. Pins come one by one, as Yosys has them.
module DP16KD (
    input DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4, DIA3,
        DIA2, DIA1, DIA0,
    input ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0,
    input CEA, OCEA, CLKA, WEA, RSTA, CSA2, CSA1, CSA0,
    output DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5, DOA4, DOA3,
        DOA2, DOA1, DOA0,
    input DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5, DIB4, DIB3,
        DIB2, DIB1, DIB0,
    input ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0,
    input CEB, OCEB, CLKB, WEB, RSTB, CSB2, CSB1, CSB0,
    output DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5, DOB4, DOB3,
        DOB2, DOB1, DOB0
);
    parameter DATA_WIDTH_A = 18;
    parameter DATA_WIDTH_B = 18;
    parameter REGMODE_A = "NOREG";
    parameter REGMODE_B = "NOREG";
    parameter RESETMODE = "SYNC";
    parameter ASYNC_RESET_RELEASE = "SYNC";
    parameter CSDECODE_A = "0b000";
    parameter CSDECODE_B = "0b000";
    parameter WRITEMODE_A = "NORMAL";
    parameter WRITEMODE_B = "NORMAL";
    parameter CLKAMUX = "CLKA";
    parameter CLKBMUX = "CLKB";
    parameter GSR = "AUTO";
    localparam integer WIDTH = DATA_WIDTH_A;
    localparam integer BYTES = WIDTH < 18 ? 1 : WIDTH / 9;
    localparam integer WORDS = (WIDTH < 9 ? 16384 : 18432) / WIDTH;
    localparam integer LOW = $clog2(16384 / WORDS);
    localparam integer DOUBLE = WIDTH == 36;
    if (DATA_WIDTH_A != DATA_WIDTH_B || REGMODE_A != "NOREG" || REGMODE_B != "NOREG"
            || CLKAMUX != "CLKA" || CLKBMUX != "CLKB")
        $error("a DP16KD in a mode that this model does not have");
    wire [13:0] at_a = {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0};
    wire [13:0] at_b = {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0};
    wire [17:0] in_a = {DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4,
        DIA3, DIA2, DIA1, DIA0};
    wire [17:0] in_b = {DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5, DIB4,
        DIB3, DIB2, DIB1, DIB0};
    wire [WIDTH-1:0] out_a, out_b;
    wire [35:0] wide = 36'd0 | out_b;
    wire [17:0] left = DOUBLE ? wide[17:0] : 18'd0 | out_a;
    wire [17:0] right = DOUBLE ? wide[35:18] : wide[17:0];
    assign {DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2,
        DOA1, DOA0} = left;
    assign {DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2,
        DOB1, DOB0} = right;
    wire [35:0] both = {in_b, in_a};
    hwgen_block_memory #(.WIDTH(WIDTH), .BYTES(BYTES), .WORDS(WORDS)) memory (
        .clk(CLKA),
        .enable_a(CEA), .write_a({BYTES{WEA}} & (BYTES > 1 ? at_a[BYTES-1:0] : 1'b1)), .address_a(at_a[13:LOW]),
        .data_a(both[WIDTH-1:0]), .reset_a(RSTA && RESETMODE == "SYNC"), .read_a(out_a),
        .enable_b(CEB), .write_b({BYTES{WEB && !DOUBLE}} & (BYTES > 1 ? at_b[BYTES-1:0] : 1'b1)),
        .address_b(at_b[13:LOW]), .data_b(in_b), .reset_b(RSTB && RESETMODE == "SYNC"), .read_b(out_b));
endmodule
