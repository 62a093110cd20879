//go:build !purego

#include "textflag.h"

// A constant of table8, which DX holds.
#define CONST(i) (i*32)(DX)

// One row of a tile: a pair of inputs against two vectors of eight pairs of weights.
#define ROW(at, a, b) \
	VPBROADCASTD at, Y10 \
	VPMADDWD     Y8, Y10, Y11 \
	VPADDD       Y11, a, a \
	VPMADDWD     Y9, Y10, Y12 \
	VPADDD       Y12, b, b

// Sums of a row to outputs.
#define STORE(a, b) \
	VCVTDQ2PS a, a \
	VCVTDQ2PS b, b \
	VMULPS    Y8, a, a \
	VMULPS    Y9, b, b \
	VADDPS    Y10, a, a \
	VADDPS    Y11, b, b \
	VMOVUPS   a, (DI) \
	VMOVUPS   b, 32(DI) \
	ADDQ      SI, DI

// func tileAVX2(y *float32, outs int, x *[3]*int16, ins, segments int, w *int16, scale, bias *float32)
TEXT ·tileAVX2(SB), NOSPLIT, $0-64
	MOVQ  y+0(FP), DI
	MOVQ  outs+8(FP), SI
	SHLQ  $2, SI
	MOVQ  x+16(FP), DX
	MOVQ  ins+24(FP), R9
	MOVQ  segments+32(FP), R10
	MOVQ  w+40(FP), BX
	MOVQ  R9, R12
	SHRQ  $1, R12             // pairs of a segment
	SHLQ  $1, R9              // bytes of a row
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1
	VPXOR Y2, Y2, Y2
	VPXOR Y3, Y3, Y3
	VPXOR Y4, Y4, Y4
	VPXOR Y5, Y5, Y5
	VPXOR Y6, Y6, Y6
	VPXOR Y7, Y7, Y7

segment:
	MOVQ (DX), R8
	ADDQ $8, DX
	LEAQ (R8)(R9*2), R11
	ADDQ R9, R11
	MOVQ R12, CX

pair:
	VMOVDQU (BX), Y8
	VMOVDQU 32(BX), Y9
	ROW((R8), Y0, Y1)
	ROW((R8)(R9*1), Y2, Y3)
	ROW((R8)(R9*2), Y4, Y5)
	ROW((R11), Y6, Y7)
	ADDQ    $64, BX
	ADDQ    $4, R8
	ADDQ    $4, R11
	DECQ    CX
	JNZ     pair
	DECQ    R10
	JNZ     segment

	MOVQ    scale+48(FP), AX
	MOVQ    bias+56(FP), BX
	VMOVUPS (AX), Y8
	VMOVUPS 32(AX), Y9
	VMOVUPS (BX), Y10
	VMOVUPS 32(BX), Y11
	STORE(Y0, Y1)
	STORE(Y2, Y3)
	STORE(Y4, Y5)
	STORE(Y6, Y7)
	VZEROUPPER
	RET

// Y0 = tanh(Y0); Y1 to Y3 are overwritten. As tanh32.
#define TANH \
	VMINPS CONST(0), Y0, Y0 \
	VMAXPS CONST(1), Y0, Y0 \
	VMULPS Y0, Y0, Y1 \
	VMULPS CONST(5), Y1, Y2 \
	VMULPS CONST(8), Y1, Y3 \
	VADDPS CONST(4), Y2, Y2 \
	VADDPS CONST(7), Y3, Y3 \
	VMULPS Y1, Y2, Y2 \
	VMULPS Y1, Y3, Y3 \
	VADDPS CONST(3), Y2, Y2 \
	VADDPS CONST(6), Y3, Y3 \
	VMULPS Y1, Y2, Y2 \
	VMULPS Y1, Y3, Y3 \
	VADDPS CONST(2), Y2, Y2 \
	VADDPS CONST(9), Y3, Y3 \
	VMULPS Y2, Y0, Y0 \
	VDIVPS Y3, Y0, Y0

// func gelu8AVX2(v *float32, n int, t *[14][8]float32)
TEXT ·gelu8AVX2(SB), NOSPLIT, $0-24
	MOVQ v+0(FP), DI
	MOVQ n+8(FP), CX
	MOVQ t+16(FP), DX

loop:
	VMOVUPS (DI), Y4
	VMULPS  Y4, Y4, Y0
	VMULPS  CONST(12), Y0, Y0
	VADDPS  CONST(11), Y0, Y0
	VMULPS  Y4, Y0, Y0
	VMULPS  CONST(10), Y4, Y4
	TANH
	VMULPS  Y4, Y0, Y0
	VADDPS  Y4, Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ    $32, DI
	SUBQ    $8, CX
	JNZ     loop
	VZEROUPPER
	RET

// func tanh8AVX2(v *float32, n int, t *[14][8]float32)
TEXT ·tanh8AVX2(SB), NOSPLIT, $0-24
	MOVQ v+0(FP), DI
	MOVQ n+8(FP), CX
	MOVQ t+16(FP), DX

loop:
	VMOVUPS (DI), Y0
	TANH
	VMOVUPS Y0, (DI)
	ADDQ    $32, DI
	SUBQ    $8, CX
	JNZ     loop
	VZEROUPPER
	RET

// X0 = the sum of Y0, in the order of fold; X1 is overwritten.
#define FOLD \
	VEXTRACTF128 $1, Y0, X1 \
	VADDPS       X1, X0, X0 \
	VMOVHLPS     X0, X0, X1 \
	VADDPS       X1, X0, X0 \
	VMOVSHDUP    X0, X1 \
	VADDSS       X1, X0, X0

// func norm16AVX2(h *float32, q *int16, y, gamma, beta *float32, n int, unit float32, t *[14][8]float32)
TEXT ·norm16AVX2(SB), NOSPLIT, $0-64
	MOVQ      h+0(FP), DI
	MOVQ      q+8(FP), SI
	MOVQ      y+16(FP), BX
	MOVQ      gamma+24(FP), R8
	MOVQ      beta+32(FP), R9
	MOVQ      n+40(FP), CX
	MOVQ      t+56(FP), DX
	VCVTSI2SSQ CX, X7, X7
	SHLQ      $2, CX          // bytes

	VXORPS Y0, Y0, Y0
	XORQ   AX, AX

add:
	VMOVUPS (DI)(AX*1), Y2
	VADDPS  (BX)(AX*1), Y2, Y2
	VMOVUPS Y2, (DI)(AX*1)
	VADDPS  Y2, Y0, Y0
	ADDQ    $32, AX
	CMPQ    AX, CX
	JNE     add

	FOLD
	VDIVSS       X7, X0, X0
	VBROADCASTSS X0, Y3         // mean
	VXORPS       Y0, Y0, Y0
	XORQ         AX, AX

square:
	VMOVUPS (DI)(AX*1), Y2
	VSUBPS  Y3, Y2, Y2
	VMOVUPS Y2, (DI)(AX*1)
	VMULPS  Y2, Y2, Y2
	VADDPS  Y2, Y0, Y0
	ADDQ    $32, AX
	CMPQ    AX, CX
	JNE     square

	FOLD
	VDIVSS       X7, X0, X0
	VADDSS       CONST(13), X0, X0
	VSQRTSS      X0, X0, X0
	VMOVSS       CONST(9), X1
	VDIVSS       X0, X1, X0
	VBROADCASTSS X0, Y3           // inverse
	VBROADCASTSS unit+48(FP), Y4
	XORQ         AX, AX

scale:
	VMOVUPS   (DI)(AX*1), Y0
	VMOVUPS   32(DI)(AX*1), Y1
	VMULPS    Y3, Y0, Y0
	VMULPS    Y3, Y1, Y1
	VMULPS    (R8)(AX*1), Y0, Y0
	VMULPS    32(R8)(AX*1), Y1, Y1
	VADDPS    (R9)(AX*1), Y0, Y0
	VADDPS    32(R9)(AX*1), Y1, Y1
	VMOVUPS   Y0, (DI)(AX*1)
	VMOVUPS   Y1, 32(DI)(AX*1)
	VMULPS    Y4, Y0, Y0
	VMULPS    Y4, Y1, Y1
	VCVTPS2DQ Y0, Y0
	VCVTPS2DQ Y1, Y1
	VPACKSSDW Y1, Y0, Y0
	VPERMQ    $0xD8, Y0, Y0
	VMOVDQU   Y0, (SI)
	ADDQ      $32, SI
	ADDQ      $64, AX
	CMPQ      AX, CX
	JNE       scale
	VZEROUPPER
	RET

// func round16AVX2(q *int16, v *float32, n int, unit float32)
TEXT ·round16AVX2(SB), NOSPLIT, $0-28
	MOVQ         q+0(FP), SI
	MOVQ         v+8(FP), DI
	MOVQ         n+16(FP), CX
	VBROADCASTSS unit+24(FP), Y4

loop:
	VMULPS    (DI), Y4, Y0
	VMULPS    32(DI), Y4, Y1
	VCVTPS2DQ Y0, Y0
	VCVTPS2DQ Y1, Y1
	VPACKSSDW Y1, Y0, Y0
	VPERMQ    $0xD8, Y0, Y0
	VMOVDQU   Y0, (SI)
	ADDQ      $64, DI
	ADDQ      $32, SI
	SUBQ      $16, CX
	JNZ       loop
	VZEROUPPER
	RET

// func addRow16AVX2(v *float32, row *byte, n int, scale float32)
TEXT ·addRow16AVX2(SB), NOSPLIT, $0-28
	MOVQ         v+0(FP), DI
	MOVQ         row+8(FP), SI
	MOVQ         n+16(FP), CX
	VBROADCASTSS scale+24(FP), Y4

loop:
	VPMOVSXBD (SI), Y0
	VPMOVSXBD 8(SI), Y1
	VCVTDQ2PS Y0, Y0
	VCVTDQ2PS Y1, Y1
	VMULPS    Y4, Y0, Y0
	VMULPS    Y4, Y1, Y1
	VADDPS    (DI), Y0, Y0
	VADDPS    32(DI), Y1, Y1
	VMOVUPS   Y0, (DI)
	VMOVUPS   Y1, 32(DI)
	ADDQ      $16, SI
	ADDQ      $64, DI
	SUBQ      $16, CX
	JNZ       loop
	VZEROUPPER
	RET
