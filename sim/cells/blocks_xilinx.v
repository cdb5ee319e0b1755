// The parts of block memories that Yosys's maps for the 7 series and UltraScale+ use, written from UG473 (v1.14) and UG573
// (v1.13): no output registers, synchronous reset to zero, words of one width on all ports that are used. A word of twice
// the port's width takes both ports' pins, its lower half those of A: port B writes it, port A reads it.
module hwgen_xilinx_block #(
    parameter integer KBIT = 36, parameter integer READ_A = 0, parameter integer READ_B = 0, parameter integer WRITE_A = 0,
    parameter integer WRITE_B = 0, parameter MODE = "READ_FIRST"
) (
    input clk, input enable_a, enable_b, reset_a, reset_b, input [14:0] at_a, at_b, input [KBIT-1:0] in_a, in_b,
    input [KBIT/9-1:0] write_a, input [2*KBIT/9-1:0] write_b, output [KBIT-1:0] out_a, out_b
);
    localparam integer READ = READ_A > READ_B ? READ_A : READ_B;
    localparam integer WRITE = WRITE_A > WRITE_B ? WRITE_A : WRITE_B;
    localparam integer WIDTH = READ > WRITE ? READ : WRITE;
    localparam integer BYTES = WIDTH < 9 ? 1 : WIDTH / 9;
    localparam integer WORDS = 1024 * (WIDTH < 9 ? KBIT / 9 * 8 : KBIT) / WIDTH;
    localparam integer TOP = KBIT == 36 ? 15 : 14;
    localparam integer LOW = TOP - $clog2(WORDS);
    localparam integer DOUBLE = WIDTH > KBIT;
    if (READ_A != 0 && READ_A != WIDTH || READ_B != 0 && READ_B != WIDTH || WRITE_A != 0 && WRITE_A != WIDTH
            || WRITE_B != 0 && WRITE_B != WIDTH || DOUBLE && (READ_B != 0 || WRITE_A != 0))
        $error("a block memory with ports of several widths, which this model does not have");
    wire [2*KBIT-1:0] both = {in_b, in_a};
    wire [2*KBIT-1:0] word_b = DOUBLE ? both : {{KBIT{1'b0}}, in_b};
    wire [WIDTH-1:0] read_a, read_b;
    wire [2*KBIT-1:0] wide = {2*KBIT{1'b0}} | read_a;
    assign out_a = wide[KBIT-1:0];
    assign out_b = DOUBLE ? wide[2*KBIT-1:KBIT] : {KBIT{1'b0}} | read_b;
    wire [2*KBIT-1:0] word_a = {{KBIT{1'b0}}, in_a};
    wire [2*KBIT/9-1:0] bytes_a = {{KBIT/9{1'b0}}, write_a};
    hwgen_block_memory #(.WIDTH(WIDTH), .BYTES(BYTES), .WORDS(WORDS), .OLD(MODE == "READ_FIRST")) memory (
        .clk(clk),
        .enable_a(enable_a), .write_a(WRITE_A != 0 ? bytes_a[BYTES-1:0] : {BYTES{1'b0}}), .address_a(at_a[TOP-1:LOW]),
        .data_a(word_a[WIDTH-1:0]), .reset_a(reset_a), .read_a(read_a),
        .enable_b(enable_b), .write_b(WRITE_B != 0 ? write_b[BYTES-1:0] : {BYTES{1'b0}}), .address_b(at_b[TOP-1:LOW]),
        .data_b(word_b[WIDTH-1:0]), .reset_b(reset_b), .read_b(read_b));
endmodule

module RAMB18E1 #(
    parameter integer READ_WIDTH_A = 0, parameter integer READ_WIDTH_B = 0, parameter integer WRITE_WIDTH_A = 0,
    parameter integer WRITE_WIDTH_B = 0, parameter integer DOA_REG = 0, parameter integer DOB_REG = 0,
    parameter INIT_A = 0, parameter INIT_B = 0, parameter SRVAL_A = 0, parameter SRVAL_B = 0,
    parameter WRITE_MODE_A = "NO_CHANGE", parameter WRITE_MODE_B = "NO_CHANGE", parameter RAM_MODE = "TDP"
) (
    input CLKARDCLK, CLKBWRCLK, ENARDEN, ENBWREN, REGCEAREGCE, REGCEB, RSTRAMARSTRAM, RSTRAMB,
        RSTREGARSTREG, RSTREGB,
    input [13:0] ADDRARDADDR, ADDRBWRADDR, input [15:0] DIADI, DIBDI, input [1:0] DIPADIP, DIPBDIP,
    input [1:0] WEA, input [3:0] WEBWE, output [15:0] DOADO, DOBDO, output [1:0] DOPADOP, DOPBDOP
);
    if (DOA_REG != 0 || DOB_REG != 0 || WRITE_WIDTH_A != 0 && WRITE_WIDTH_B != 0 && WRITE_MODE_A != WRITE_MODE_B)
        $error("a RAMB18E1 in a mode that this model does not have");
    hwgen_xilinx_block #(
        .KBIT(18), .READ_A(READ_WIDTH_A), .READ_B(READ_WIDTH_B), .WRITE_A(WRITE_WIDTH_A), .WRITE_B(WRITE_WIDTH_B),
        .MODE(WRITE_WIDTH_B != 0 ? WRITE_MODE_B : WRITE_MODE_A)
    ) block (
        .clk(CLKARDCLK), .enable_a(ENARDEN), .enable_b(ENBWREN), .reset_a(RSTRAMARSTRAM), .reset_b(RSTRAMB),
        .at_a({1'b0, ADDRARDADDR}), .at_b({1'b0, ADDRBWRADDR}),
        .in_a({DIPADIP[1], DIADI[15:8], DIPADIP[0], DIADI[7:0]}),
        .in_b({DIPBDIP[1], DIBDI[15:8], DIPBDIP[0], DIBDI[7:0]}),
        .write_a(WEA), .write_b(WEBWE),
        .out_a({DOPADOP[1], DOADO[15:8], DOPADOP[0], DOADO[7:0]}),
        .out_b({DOPBDOP[1], DOBDO[15:8], DOPBDOP[0], DOBDO[7:0]}));
endmodule

module RAMB36E1 #(
    parameter integer READ_WIDTH_A = 0, parameter integer READ_WIDTH_B = 0, parameter integer WRITE_WIDTH_A = 0,
    parameter integer WRITE_WIDTH_B = 0, parameter integer DOA_REG = 0, parameter integer DOB_REG = 0,
    parameter INIT_A = 0, parameter INIT_B = 0, parameter SRVAL_A = 0, parameter SRVAL_B = 0,
    parameter WRITE_MODE_A = "NO_CHANGE", parameter WRITE_MODE_B = "NO_CHANGE", parameter RAM_MODE = "TDP", parameter RAM_EXTENSION_A = "NONE", parameter RAM_EXTENSION_B = "NONE"
) (
    input CLKARDCLK, CLKBWRCLK, ENARDEN, ENBWREN, REGCEAREGCE, REGCEB, RSTRAMARSTRAM, RSTRAMB,
        RSTREGARSTREG, RSTREGB,
    input [15:0] ADDRARDADDR, ADDRBWRADDR, input [31:0] DIADI, DIBDI, input [3:0] DIPADIP, DIPBDIP,
    input [3:0] WEA, input [7:0] WEBWE, output [31:0] DOADO, DOBDO, output [3:0] DOPADOP, DOPBDOP,
    input CASCADEINA, CASCADEINB, output CASCADEOUTA, CASCADEOUTB
);
    if (DOA_REG != 0 || DOB_REG != 0 || WRITE_WIDTH_A != 0 && WRITE_WIDTH_B != 0 && WRITE_MODE_A != WRITE_MODE_B)
        $error("a RAMB36E1 in a mode that this model does not have");
    hwgen_xilinx_block #(
        .KBIT(36), .READ_A(READ_WIDTH_A), .READ_B(READ_WIDTH_B), .WRITE_A(WRITE_WIDTH_A), .WRITE_B(WRITE_WIDTH_B),
        .MODE(WRITE_WIDTH_B != 0 ? WRITE_MODE_B : WRITE_MODE_A)
    ) block (
        .clk(CLKARDCLK), .enable_a(ENARDEN), .enable_b(ENBWREN), .reset_a(RSTRAMARSTRAM), .reset_b(RSTRAMB),
        .at_a(ADDRARDADDR[14:0]), .at_b(ADDRBWRADDR[14:0]),
        .in_a({DIPADIP[3], DIADI[31:24], DIPADIP[2], DIADI[23:16], DIPADIP[1], DIADI[15:8], DIPADIP[0], DIADI[7:0]}),
        .in_b({DIPBDIP[3], DIBDI[31:24], DIPBDIP[2], DIBDI[23:16], DIPBDIP[1], DIBDI[15:8], DIPBDIP[0], DIBDI[7:0]}),
        .write_a(WEA), .write_b(WEBWE),
        .out_a({DOPADOP[3], DOADO[31:24], DOPADOP[2], DOADO[23:16], DOPADOP[1], DOADO[15:8], DOPADOP[0], DOADO[7:0]}),
        .out_b({DOPBDOP[3], DOBDO[31:24], DOPBDOP[2], DOBDO[23:16], DOPBDOP[1], DOBDO[15:8], DOPBDOP[0], DOBDO[7:0]}));
endmodule

module RAMB18E2 #(
    parameter integer READ_WIDTH_A = 0, parameter integer READ_WIDTH_B = 0, parameter integer WRITE_WIDTH_A = 0,
    parameter integer WRITE_WIDTH_B = 0, parameter integer DOA_REG = 0, parameter integer DOB_REG = 0,
    parameter INIT_A = 0, parameter INIT_B = 0, parameter SRVAL_A = 0, parameter SRVAL_B = 0,
    parameter WRITE_MODE_A = "NO_CHANGE", parameter WRITE_MODE_B = "NO_CHANGE"
) (
    input CLKARDCLK, CLKBWRCLK, ENARDEN, ENBWREN, REGCEAREGCE, REGCEB, RSTRAMARSTRAM, RSTRAMB,
        RSTREGARSTREG, RSTREGB, ADDRENA, ADDRENB, SLEEP,
    input [13:0] ADDRARDADDR, ADDRBWRADDR, input [15:0] DINADIN, DINBDIN, input [1:0] DINPADINP, DINPBDINP,
    input [1:0] WEA, input [3:0] WEBWE, output [15:0] DOUTADOUT, DOUTBDOUT, output [1:0] DOUTPADOUTP, DOUTPBDOUTP
);
    if (DOA_REG != 0 || DOB_REG != 0 || WRITE_WIDTH_A != 0 && WRITE_WIDTH_B != 0 && WRITE_MODE_A != WRITE_MODE_B)
        $error("a RAMB18E2 in a mode that this model does not have");
    hwgen_xilinx_block #(
        .KBIT(18), .READ_A(READ_WIDTH_A), .READ_B(READ_WIDTH_B), .WRITE_A(WRITE_WIDTH_A), .WRITE_B(WRITE_WIDTH_B),
        .MODE(WRITE_WIDTH_B != 0 ? WRITE_MODE_B : WRITE_MODE_A)
    ) block (
        .clk(CLKARDCLK), .enable_a(ENARDEN), .enable_b(ENBWREN), .reset_a(RSTRAMARSTRAM), .reset_b(RSTRAMB),
        .at_a({1'b0, ADDRARDADDR}), .at_b({1'b0, ADDRBWRADDR}),
        .in_a({DINPADINP[1], DINADIN[15:8], DINPADINP[0], DINADIN[7:0]}),
        .in_b({DINPBDINP[1], DINBDIN[15:8], DINPBDINP[0], DINBDIN[7:0]}),
        .write_a(WEA), .write_b(WEBWE),
        .out_a({DOUTPADOUTP[1], DOUTADOUT[15:8], DOUTPADOUTP[0], DOUTADOUT[7:0]}),
        .out_b({DOUTPBDOUTP[1], DOUTBDOUT[15:8], DOUTPBDOUTP[0], DOUTBDOUT[7:0]}));
endmodule

module RAMB36E2 #(
    parameter integer READ_WIDTH_A = 0, parameter integer READ_WIDTH_B = 0, parameter integer WRITE_WIDTH_A = 0,
    parameter integer WRITE_WIDTH_B = 0, parameter integer DOA_REG = 0, parameter integer DOB_REG = 0,
    parameter INIT_A = 0, parameter INIT_B = 0, parameter SRVAL_A = 0, parameter SRVAL_B = 0,
    parameter WRITE_MODE_A = "NO_CHANGE", parameter WRITE_MODE_B = "NO_CHANGE"
) (
    input CLKARDCLK, CLKBWRCLK, ENARDEN, ENBWREN, REGCEAREGCE, REGCEB, RSTRAMARSTRAM, RSTRAMB,
        RSTREGARSTREG, RSTREGB, ADDRENA, ADDRENB, SLEEP,
    input [14:0] ADDRARDADDR, ADDRBWRADDR, input [31:0] DINADIN, DINBDIN, input [3:0] DINPADINP, DINPBDINP,
    input [3:0] WEA, input [7:0] WEBWE, output [31:0] DOUTADOUT, DOUTBDOUT, output [3:0] DOUTPADOUTP, DOUTPBDOUTP
);
    if (DOA_REG != 0 || DOB_REG != 0 || WRITE_WIDTH_A != 0 && WRITE_WIDTH_B != 0 && WRITE_MODE_A != WRITE_MODE_B)
        $error("a RAMB36E2 in a mode that this model does not have");
    hwgen_xilinx_block #(
        .KBIT(36), .READ_A(READ_WIDTH_A), .READ_B(READ_WIDTH_B), .WRITE_A(WRITE_WIDTH_A), .WRITE_B(WRITE_WIDTH_B),
        .MODE(WRITE_WIDTH_B != 0 ? WRITE_MODE_B : WRITE_MODE_A)
    ) block (
        .clk(CLKARDCLK), .enable_a(ENARDEN), .enable_b(ENBWREN), .reset_a(RSTRAMARSTRAM), .reset_b(RSTRAMB),
        .at_a(ADDRARDADDR[14:0]), .at_b(ADDRBWRADDR[14:0]),
        .in_a({DINPADINP[3], DINADIN[31:24], DINPADINP[2], DINADIN[23:16], DINPADINP[1], DINADIN[15:8], DINPADINP[0], DINADIN[7:0]}),
        .in_b({DINPBDINP[3], DINBDIN[31:24], DINPBDINP[2], DINBDIN[23:16], DINPBDINP[1], DINBDIN[15:8], DINPBDINP[0], DINBDIN[7:0]}),
        .write_a(WEA), .write_b(WEBWE),
        .out_a({DOUTPADOUTP[3], DOUTADOUT[31:24], DOUTPADOUTP[2], DOUTADOUT[23:16], DOUTPADOUTP[1], DOUTADOUT[15:8], DOUTPADOUTP[0], DOUTADOUT[7:0]}),
        .out_b({DOUTPBDOUTP[3], DOUTBDOUT[31:24], DOUTPBDOUTP[2], DOUTBDOUT[23:16], DOUTPBDOUTP[1], DOUTBDOUT[15:8], DOUTPBDOUTP[0], DOUTBDOUT[7:0]}));
endmodule
