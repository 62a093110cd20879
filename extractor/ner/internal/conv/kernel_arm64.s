//go:build !purego

#include "textflag.h"

// Go's assembler lacks these instructions. The names are ARM's; the last argument is the
// destination. All are on vectors of four 32-bit lanes, where nothing else is said.
#define FADD(n, m, d)  WORD $(0x4E20D400 | (m)<<16 | (n)<<5 | (d))
#define FSUB(n, m, d)  WORD $(0x4EA0D400 | (m)<<16 | (n)<<5 | (d)) // n - m
#define FMUL(n, m, d)  WORD $(0x6E20DC00 | (m)<<16 | (n)<<5 | (d))
#define FDIV(n, m, d)  WORD $(0x6E20FC00 | (m)<<16 | (n)<<5 | (d)) // n / m
#define FMAX(n, m, d)  WORD $(0x4E20F400 | (m)<<16 | (n)<<5 | (d))
#define FMIN(n, m, d)  WORD $(0x4EA0F400 | (m)<<16 | (n)<<5 | (d))
#define SCVTF(n, d)    WORD $(0x4E21D800 | (n)<<5 | (d))
#define FCVTNS(n, d)   WORD $(0x4E21A800 | (n)<<5 | (d)) // to the nearest integer, the even one of two
#define SQXTN(n, d)    WORD $(0x0E614800 | (n)<<5 | (d)) // to the low four of eight lanes
#define SQXTN2(n, d)   WORD $(0x4E614800 | (n)<<5 | (d)) // to the high four
#define SXTLB(n, d)    WORD $(0x0F08A400 | (n)<<5 | (d)) // low eight of sixteen bytes
#define SXTL2B(n, d)   WORD $(0x4F08A400 | (n)<<5 | (d)) // high eight
#define SXTLH(n, d)    WORD $(0x0F10A400 | (n)<<5 | (d)) // low four of eight
#define SXTL2H(n, d)   WORD $(0x4F10A400 | (n)<<5 | (d)) // high four

// d += the low, or with a 2 the high, four of eight lanes of n, times lane 0 or 1 of m.
#define SMLAL0(m, n, d)  WORD $(0x0F402000 | (m)<<16 | (n)<<5 | (d))
#define SMLAL1(m, n, d)  WORD $(0x0F502000 | (m)<<16 | (n)<<5 | (d))
#define SMLAL20(m, n, d) WORD $(0x4F402000 | (m)<<16 | (n)<<5 | (d))
#define SMLAL21(m, n, d) WORD $(0x4F502000 | (m)<<16 | (n)<<5 | (d))

// func tileNEON(y *float32, outs int, x *[3]*int16, ins, segments int, w *int16, scale, bias *float32)
TEXT ·tileNEON(SB), NOSPLIT, $0-64
	MOVD y+0(FP), R0
	MOVD outs+8(FP), R1
	LSL  $2, R1
	MOVD x+16(FP), R2
	MOVD ins+24(FP), R3
	MOVD segments+32(FP), R4
	MOVD w+40(FP), R5
	LSR  $1, R3, R6             // pairs of a segment
	LSL  $1, R3                 // bytes of a row
	VEOR  V16.B16, V16.B16, V16.B16
	VEOR  V17.B16, V17.B16, V17.B16
	VEOR  V18.B16, V18.B16, V18.B16
	VEOR  V19.B16, V19.B16, V19.B16
	VEOR  V20.B16, V20.B16, V20.B16
	VEOR  V21.B16, V21.B16, V21.B16
	VEOR  V22.B16, V22.B16, V22.B16
	VEOR  V23.B16, V23.B16, V23.B16
	VEOR  V24.B16, V24.B16, V24.B16
	VEOR  V25.B16, V25.B16, V25.B16
	VEOR  V26.B16, V26.B16, V26.B16
	VEOR  V27.B16, V27.B16, V27.B16
	VEOR  V28.B16, V28.B16, V28.B16
	VEOR  V29.B16, V29.B16, V29.B16
	VEOR  V30.B16, V30.B16, V30.B16
	VEOR  V31.B16, V31.B16, V31.B16

segment:
	MOVD.P 8(R2), R8
	ADD    R3, R8, R9
	ADD    R3, R9, R10
	ADD    R3, R10, R11
	MOVD   R6, R7

pair:
	FMOVS.P 4(R8), F0
	FMOVS.P 4(R9), F1
	FMOVS.P 4(R10), F2
	FMOVS.P 4(R11), F3
	VLD1.P  64(R5), [V4.H8, V5.H8, V6.H8, V7.H8]
	SMLAL0(0, 4, 16)
	SMLAL20(0, 4, 17)
	SMLAL0(0, 5, 18)
	SMLAL20(0, 5, 19)
	SMLAL1(0, 6, 16)
	SMLAL21(0, 6, 17)
	SMLAL1(0, 7, 18)
	SMLAL21(0, 7, 19)
	SMLAL0(1, 4, 20)
	SMLAL20(1, 4, 21)
	SMLAL0(1, 5, 22)
	SMLAL20(1, 5, 23)
	SMLAL1(1, 6, 20)
	SMLAL21(1, 6, 21)
	SMLAL1(1, 7, 22)
	SMLAL21(1, 7, 23)
	SMLAL0(2, 4, 24)
	SMLAL20(2, 4, 25)
	SMLAL0(2, 5, 26)
	SMLAL20(2, 5, 27)
	SMLAL1(2, 6, 24)
	SMLAL21(2, 6, 25)
	SMLAL1(2, 7, 26)
	SMLAL21(2, 7, 27)
	SMLAL0(3, 4, 28)
	SMLAL20(3, 4, 29)
	SMLAL0(3, 5, 30)
	SMLAL20(3, 5, 31)
	SMLAL1(3, 6, 28)
	SMLAL21(3, 6, 29)
	SMLAL1(3, 7, 30)
	SMLAL21(3, 7, 31)
	SUBS $1, R7
	BNE  pair
	SUBS $1, R4
	BNE  segment

	MOVD scale+48(FP), R2
	MOVD bias+56(FP), R3
	VLD1 (R2), [V0.S4, V1.S4, V2.S4, V3.S4]
	VLD1 (R3), [V4.S4, V5.S4, V6.S4, V7.S4]
	SCVTF(16, 16)
	FMUL(16, 0, 16)
	FADD(16, 4, 16)
	SCVTF(17, 17)
	FMUL(17, 1, 17)
	FADD(17, 5, 17)
	SCVTF(18, 18)
	FMUL(18, 2, 18)
	FADD(18, 6, 18)
	SCVTF(19, 19)
	FMUL(19, 3, 19)
	FADD(19, 7, 19)
	VST1 [V16.S4, V17.S4, V18.S4, V19.S4], (R0)
	ADD  R1, R0
	SCVTF(20, 20)
	FMUL(20, 0, 20)
	FADD(20, 4, 20)
	SCVTF(21, 21)
	FMUL(21, 1, 21)
	FADD(21, 5, 21)
	SCVTF(22, 22)
	FMUL(22, 2, 22)
	FADD(22, 6, 22)
	SCVTF(23, 23)
	FMUL(23, 3, 23)
	FADD(23, 7, 23)
	VST1 [V20.S4, V21.S4, V22.S4, V23.S4], (R0)
	ADD  R1, R0
	SCVTF(24, 24)
	FMUL(24, 0, 24)
	FADD(24, 4, 24)
	SCVTF(25, 25)
	FMUL(25, 1, 25)
	FADD(25, 5, 25)
	SCVTF(26, 26)
	FMUL(26, 2, 26)
	FADD(26, 6, 26)
	SCVTF(27, 27)
	FMUL(27, 3, 27)
	FADD(27, 7, 27)
	VST1 [V24.S4, V25.S4, V26.S4, V27.S4], (R0)
	ADD  R1, R0
	SCVTF(28, 28)
	FMUL(28, 0, 28)
	FADD(28, 4, 28)
	SCVTF(29, 29)
	FMUL(29, 1, 29)
	FADD(29, 5, 29)
	SCVTF(30, 30)
	FMUL(30, 2, 30)
	FADD(30, 6, 30)
	SCVTF(31, 31)
	FMUL(31, 3, 31)
	FADD(31, 7, 31)
	VST1 [V28.S4, V29.S4, V30.S4, V31.S4], (R0)
	ADD  R1, R0
	RET

// Constants of table8, which R2 holds, in V16 to V28.
#define CONSTANTS \
	FMOVQ 0(R2), F16 \
	FMOVQ 32(R2), F17 \
	FMOVQ 64(R2), F18 \
	FMOVQ 96(R2), F19 \
	FMOVQ 128(R2), F20 \
	FMOVQ 160(R2), F21 \
	FMOVQ 192(R2), F22 \
	FMOVQ 224(R2), F23 \
	FMOVQ 256(R2), F24 \
	FMOVQ 288(R2), F25 \
	FMOVQ 320(R2), F26 \
	FMOVQ 352(R2), F27 \
	FMOVQ 384(R2), F28

// V0 = tanh(V0); V1 to V3 are overwritten. As tanh32.
#define TANH \
	FMIN(0, 16, 0) \
	FMAX(0, 17, 0) \
	FMUL(0, 0, 1) \
	FMUL(1, 21, 2) \
	FMUL(1, 24, 3) \
	FADD(2, 20, 2) \
	FADD(3, 23, 3) \
	FMUL(2, 1, 2) \
	FMUL(3, 1, 3) \
	FADD(2, 19, 2) \
	FADD(3, 22, 3) \
	FMUL(2, 1, 2) \
	FMUL(3, 1, 3) \
	FADD(2, 18, 2) \
	FADD(3, 25, 3) \
	FMUL(0, 2, 0) \
	FDIV(0, 3, 0)

// func gelu4NEON(v *float32, n int, t *[14][8]float32)
TEXT ·gelu4NEON(SB), NOSPLIT, $0-24
	MOVD v+0(FP), R0
	MOVD n+8(FP), R1
	MOVD t+16(FP), R2
	CONSTANTS

loop:
	VLD1   (R0), [V4.S4]
	FMUL(4, 4, 0)
	FMUL(0, 28, 0)
	FADD(0, 27, 0)
	FMUL(0, 4, 0)
	FMUL(4, 26, 4)
	TANH
	FMUL(0, 4, 0)
	FADD(0, 4, 0)
	VST1.P [V0.S4], 16(R0)
	SUBS   $4, R1
	BNE    loop
	RET

// func tanh4NEON(v *float32, n int, t *[14][8]float32)
TEXT ·tanh4NEON(SB), NOSPLIT, $0-24
	MOVD v+0(FP), R0
	MOVD n+8(FP), R1
	MOVD t+16(FP), R2
	CONSTANTS

loop:
	VLD1   (R0), [V0.S4]
	TANH
	VST1.P [V0.S4], 16(R0)
	SUBS   $4, R1
	BNE    loop
	RET

// F0 = the sum of V0 and V1, in the order of fold.
#define FOLD \
	FADD(0, 1, 0) \
	VEXT  $8, V0.B16, V0.B16, V1.B16 \
	FADD(0, 1, 0) \
	VDUP  V0.S[1], V1.S4 \
	FADDS F1, F0, F0

// func norm16NEON(h *float32, q *int16, y, gamma, beta *float32, n int, unit float32, t *[14][8]float32)
TEXT ·norm16NEON(SB), NOSPLIT, $0-64
	MOVD   h+0(FP), R0
	MOVD   q+8(FP), R1
	MOVD   y+16(FP), R2
	MOVD   gamma+24(FP), R3
	MOVD   beta+32(FP), R4
	MOVD   n+40(FP), R5
	MOVD   t+56(FP), R6
	SCVTFS R5, F20

	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	MOVD R0, R7
	MOVD R5, R8

add:
	VLD1   (R7), [V2.S4, V3.S4]
	VLD1.P 32(R2), [V4.S4, V5.S4]
	FADD(2, 4, 2)
	FADD(3, 5, 3)
	VST1.P [V2.S4, V3.S4], 32(R7)
	FADD(0, 2, 0)
	FADD(1, 3, 1)
	SUBS   $8, R8
	BNE    add

	FOLD
	FDIVS F20, F0, F0
	VDUP  V0.S[0], V6.S4           // mean
	VEOR  V0.B16, V0.B16, V0.B16
	VEOR  V1.B16, V1.B16, V1.B16
	MOVD  R0, R7
	MOVD  R5, R8

square:
	VLD1   (R7), [V2.S4, V3.S4]
	FSUB(2, 6, 2)
	FSUB(3, 6, 3)
	VST1.P [V2.S4, V3.S4], 32(R7)
	FMUL(2, 2, 2)
	FMUL(3, 3, 3)
	FADD(0, 2, 0)
	FADD(1, 3, 1)
	SUBS   $8, R8
	BNE    square

	FOLD
	FDIVS  F20, F0, F0
	FMOVS  416(R6), F1         // epsilon
	FADDS  F1, F0, F0
	FSQRTS F0, F0
	FMOVS  288(R6), F1         // 1
	FDIVS  F0, F1, F0
	VDUP   V0.S[0], V6.S4      // inverse
	FMOVS  unit+48(FP), F7
	VDUP   V7.S[0], V7.S4
	MOVD   R5, R8

scale:
	VLD1   (R0), [V0.S4, V1.S4]
	VLD1.P 32(R3), [V2.S4, V3.S4]
	VLD1.P 32(R4), [V4.S4, V5.S4]
	FMUL(0, 6, 0)
	FMUL(1, 6, 1)
	FMUL(0, 2, 0)
	FMUL(1, 3, 1)
	FADD(0, 4, 0)
	FADD(1, 5, 1)
	VST1.P [V0.S4, V1.S4], 32(R0)
	FMUL(0, 7, 0)
	FMUL(1, 7, 1)
	FCVTNS(0, 0)
	FCVTNS(1, 1)
	SQXTN(0, 2)
	SQXTN2(1, 2)
	VST1.P [V2.H8], 16(R1)
	SUBS   $8, R8
	BNE    scale
	RET

// func round16NEON(q *int16, v *float32, n int, unit float32)
TEXT ·round16NEON(SB), NOSPLIT, $0-28
	MOVD  q+0(FP), R1
	MOVD  v+8(FP), R0
	MOVD  n+16(FP), R2
	FMOVS unit+24(FP), F7
	VDUP  V7.S[0], V7.S4

loop:
	VLD1.P 32(R0), [V0.S4, V1.S4]
	FMUL(0, 7, 0)
	FMUL(1, 7, 1)
	FCVTNS(0, 0)
	FCVTNS(1, 1)
	SQXTN(0, 2)
	SQXTN2(1, 2)
	VST1.P [V2.H8], 16(R1)
	SUBS   $8, R2
	BNE    loop
	RET

// func addRow16NEON(v *float32, row *byte, n int, scale float32)
TEXT ·addRow16NEON(SB), NOSPLIT, $0-28
	MOVD  v+0(FP), R0
	MOVD  row+8(FP), R1
	MOVD  n+16(FP), R2
	FMOVS scale+24(FP), F7
	VDUP  V7.S[0], V7.S4

loop:
	VLD1.P 16(R1), [V0.B16]
	VLD1   (R0), [V16.S4, V17.S4, V18.S4, V19.S4]
	SXTLB(0, 1)
	SXTL2B(0, 2)
	SXTLH(1, 3)
	SXTL2H(1, 4)
	SXTLH(2, 5)
	SXTL2H(2, 6)
	SCVTF(3, 3)
	SCVTF(4, 4)
	SCVTF(5, 5)
	SCVTF(6, 6)
	FMUL(3, 7, 3)
	FMUL(4, 7, 4)
	FMUL(5, 7, 5)
	FMUL(6, 7, 6)
	FADD(16, 3, 16)
	FADD(17, 4, 17)
	FADD(18, 5, 18)
	FADD(19, 6, 19)
	VST1.P [V16.S4, V17.S4, V18.S4, V19.S4], 64(R0)
	SUBS   $16, R2
	BNE    loop
	RET
