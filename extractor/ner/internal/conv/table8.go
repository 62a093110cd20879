//go:build (amd64 || arm64) && !purego

package conv

// table8 is the constants that assembly reads, in its order, eight times side by side.
var table8 = func() (t [14][8]float32) {
	for i, x := range [...]float32{reach, -reach, p0, p1, p2, p3, q1, q2, q3, 1, 0.5, gelu1, gelu3, epsilon} {
		for j := range t[i] {
			t[i][j] = x
		}
	}
	return t
}()
