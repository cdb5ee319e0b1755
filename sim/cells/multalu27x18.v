// The part of a MULTALU27X18 that rtl_templates/cells/dsp.py uses, written from Gowin UG305 ("Arora V DSP"): all operands
// signed; without registers, pre-adder, cascade and accumulation, which its parameters leave off, DOUT = A * B + C.
module MULTALU27X18 (
    output signed [47:0] DOUT, input signed [26:0] A, input [26:0] SIA, input signed [17:0] B, input signed [47:0] C,
    input [25:0] D, input [47:0] CASI, input ACCSEL, PSEL, ASEL, PADDSUB, CSEL, CASISEL, input [1:0] ADDSUB, CLK, CE, RESET
);
    wire signed [44:0] product = A * B;
    assign DOUT = product + C;
endmodule
