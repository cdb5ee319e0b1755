// The part of a DSP48E2 that rtl_templates/cells/dsp.py and Yosys use, which cascade nothing, written from UG579
// (v1.11): figure 2-1 (slice), figure 2-3 and tables 2-1, 2-2 (dual B/A registers, D, pre-adder, INMODE), tables 2-4 to
// 2-6 (X, Y, Z multiplexers). ALUMODE 0000.
module DSP48E2 #(
    parameter integer AREG = 1, BREG = 1, CREG = 1, DREG = 1, ADREG = 1, MREG = 1, PREG = 1,
    parameter integer ACASCREG = 1, BCASCREG = 1, ALUMODEREG = 1, CARRYINREG = 1, CARRYINSELREG = 1, INMODEREG = 1,
    parameter integer OPMODEREG = 1,
    parameter A_INPUT = "DIRECT", B_INPUT = "DIRECT",
    parameter AMULTSEL = "A", BMULTSEL = "B", PREADDINSEL = "A", USE_MULT = "MULTIPLY", USE_SIMD = "ONE48"
) (
    input CLK, input [29:0] A, input [17:0] B, input [47:0] C, input [26:0] D, input CARRYIN, input [8:0] OPMODE,
    input [4:0] INMODE, input [3:0] ALUMODE, input [2:0] CARRYINSEL,
    input [29:0] ACIN, input [17:0] BCIN, input [47:0] PCIN,
    input CEA1, CEA2, CEB1, CEB2, CEC, CED, CEAD, CEM, CEP, CECTRL, CEINMODE, CECARRYIN, CEALUMODE,
    input RSTA, RSTB, RSTC, RSTD, RSTM, RSTP, RSTCTRL, RSTINMODE, RSTALLCARRYIN, RSTALUMODE, output [47:0] P
);
    reg [29:0] a1 = 0, a2 = 0; reg [17:0] b1 = 0, b2 = 0; reg [47:0] c1 = 0, p1 = 0; reg [26:0] d1 = 0, ad1 = 0;
    reg signed [44:0] m1 = 0; reg carry1 = 0; reg [8:0] opmode1 = 0; reg [4:0] inmode1 = 0;
    wire [4:0] mode = INMODEREG ? inmode1 : INMODE;
    wire [8:0] op = OPMODEREG ? opmode1 : OPMODE;
    wire [29:0] a_out = AREG == 0 ? A : a2;
    wire [17:0] b_out = BREG == 0 ? B : b2;
    wire [26:0] a_pre = mode[1] & (PREADDINSEL == "A") ? 27'd0 : mode[0] ? a1[26:0] : a_out[26:0];
    wire [17:0] b_pre = mode[1] & (PREADDINSEL == "B") ? 18'd0 : mode[4] ? b1 : b_out;
    wire signed [26:0] d_pre = mode[2] ? (DREG ? d1 : D) : 27'd0;
    wire signed [26:0] addend = PREADDINSEL == "B" ? {{9{b_pre[17]}}, b_pre} : a_pre;
    wire signed [26:0] sum = mode[3] ? d_pre - addend : d_pre + addend;
    wire [26:0] ad = ADREG ? ad1 : sum;
    wire signed [26:0] factor_a = AMULTSEL == "AD" ? ad : a_pre;
    wire signed [17:0] factor_b = BMULTSEL == "AD" ? ad[17:0] : b_pre;
    wire signed [44:0] product = factor_a * factor_b;
    wire signed [44:0] m_out = MREG ? m1 : product;
    wire signed [47:0] wide = m_out;
    wire [47:0] xy = op[3:0] == 4'b0101 ? wide : 48'd0;
    wire [47:0] z = op[6:4] == 3'b000 ? 48'd0 : op[6:4] == 3'b010 ? p1 : op[6:4] == 3'b011 ? (CREG ? c1 : C) : 48'dx;
    wire [47:0] total = xy + z + (CARRYINREG ? carry1 : CARRYIN);
    always @(posedge CLK) begin
        // one register: the second of the pair; two: both
        if (RSTA) begin a1 <= 0; a2 <= 0; end else begin if (CEA1) a1 <= A; if (CEA2) a2 <= AREG == 2 ? a1 : A; end
        if (RSTB) begin b1 <= 0; b2 <= 0; end else begin if (CEB1) b1 <= B; if (CEB2) b2 <= BREG == 2 ? b1 : B; end
        if (RSTC) c1 <= 0; else if (CEC) c1 <= C;
        if (RSTD) begin d1 <= 0; ad1 <= 0; end else begin if (CED) d1 <= D; if (CEAD) ad1 <= sum; end
        if (RSTM) m1 <= 0; else if (CEM) m1 <= product;
        if (RSTP) p1 <= 0; else if (CEP) p1 <= total;
        if (RSTCTRL) opmode1 <= 0; else if (CECTRL) opmode1 <= OPMODE;
        if (RSTINMODE) inmode1 <= 0; else if (CEINMODE) inmode1 <= INMODE;
        if (RSTALLCARRYIN) carry1 <= 0; else if (CECARRYIN) carry1 <= CARRYIN;
    end
    assign P = PREG ? p1 : total;
endmodule
