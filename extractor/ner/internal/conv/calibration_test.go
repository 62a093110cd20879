package conv

import (
	"bytes"
	"math"
	"testing"
)

func TestRecalibrate(t *testing.T) {
	_, file, vectors := invent(1, 32, 4, []int{1, 2}, hashes(1, 50), hashes(2, 20))
	if !IsModel(file) || IsModel(vectors) {
		t.Error("IsModel takes one file for the other")
	}
	want := [][2]float32{{0, 0}, {0.25, 0.5}, {1, 0.75}}
	b, err := Recalibrate(file, want)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Load(b, vectors)
	if err != nil {
		t.Fatal(err)
	}
	for p, share := range map[float32]float32{0: 0, 0.125: 0.25, 0.25: 0.5, 1: 0.75} {
		if got := m.Calibrated(p); math.Abs(float64(got-share)) > 1e-6 {
			t.Errorf("Calibrated(%g) = %g, want %g", p, got, share)
		}
	}
	if again, err := Recalibrate(b, [][2]float32{{0, 0.1}, {1, 0.9}}); err != nil || !bytes.Equal(again, file) {
		t.Errorf("with its first calibration the file is not as before: %v", err)
	}
	if _, err := Recalibrate(file[:100], want); err == nil {
		t.Error("a file cut short: no error")
	}
}
