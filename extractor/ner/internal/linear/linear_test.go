package linear

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
)

// paths calls each with every legal sequence of n tags and the exponent of its score.
func paths(trans *Transitions, scores []Scores, each func(tags []int, weight float64)) {
	n := len(scores)
	tags := make([]int, n)
	var walk func(i int, sum float64)
	walk = func(i int, sum float64) {
		if i == n {
			if Ends(tags[n-1]) {
				each(tags, math.Exp(sum))
			}
			return
		}
		for b := range Labels {
			prev := Outside
			if i > 0 {
				prev = tags[i-1]
			}
			if Follows(prev, b) {
				tags[i] = b
				walk(i+1, sum+float64(scores[i][b])+float64(trans[prev][b]))
			}
		}
	}
	walk(0, 0)
}

func random(n int, seed uint64) (*Transitions, []Scores) {
	rng := rand.New(rand.NewPCG(seed, 0))
	var trans Transitions
	for a := range Labels {
		for b := range Labels {
			trans[a][b] = float32(rng.NormFloat64())
			if !Follows(a, b) {
				trans[a][b] = Forbidden
			}
		}
	}
	scores := make([]Scores, n)
	for i := range scores {
		for j := range scores[i] {
			scores[i][j] = float32(2 * rng.NormFloat64())
		}
	}
	return &trans, scores
}

// TestDecode compares decoding with the sum and the maximum over all sequences.
func TestDecode(t *testing.T) {
	for n := 1; n <= 4; n++ {
		trans, scores := random(n, uint64(n))
		var total, best float64
		var bestTags []int
		marginals := make([][Labels]float64, n)
		var pairs Factors
		names := map[[3]int]float64{}
		paths(trans, scores, func(tags []int, w float64) {
			total += w
			if w > best {
				best, bestTags = w, append([]int(nil), tags...)
			}
			for i, b := range tags {
				marginals[i][b] += w
				if i > 0 {
					pairs[tags[i-1]][b] += w
				}
			}
			for i := 0; i < n; i++ {
				if b := tags[i]; b != Outside {
					typ, end := (b-1)/4, i+1
					if b == Begin(typ) {
						for tags[end] != End(typ) {
							end++
						}
						end++
					}
					names[[3]int{i, end, typ}] += w
					i = end - 1
				}
			}
		})
		var d Decoder
		tags := make([]uint8, n)
		d.Viterbi(trans, scores, tags)
		for i := range tags {
			if int(tags[i]) != bestTags[i] {
				t.Errorf("n %d: Viterbi %v, want %v", n, tags, bestTags)
				break
			}
		}
		exp := trans.Exp()
		d.Forward(exp, scores)
		near := func(what string, got, want float64) {
			t.Helper()
			if math.Abs(got-want/total) > 1e-6 {
				t.Errorf("n %d: %s is %g, want %g", n, what, got, want/total)
			}
		}
		var sum Factors
		for i := range n {
			for b := range Labels {
				near("marginal", d.Marginal(i, b), marginals[i][b])
			}
			if i > 0 {
				d.Pairs(exp, i, &sum)
			}
		}
		for a := range Labels {
			for b := range Labels {
				near("pair", sum[a][b], pairs[a][b])
			}
		}
		if len(names) == 0 {
			t.Fatal("no names")
		}
		for k, w := range names {
			near("name", d.Name(exp, k[0], k[1], k[2]), w)
		}
	}
}

// TestExtremes: scores of any size give probabilities, not infinities.
func TestExtremes(t *testing.T) {
	trans, scores := random(50, 9)
	for i := range scores {
		for j := range scores[i] {
			scores[i][j] *= 100
		}
	}
	var d Decoder
	d.Forward(trans.Exp(), scores)
	for i := range scores {
		sum := 0.0
		for b := range Labels {
			sum += d.Marginal(i, b)
		}
		if math.Abs(sum-1) > 1e-6 {
			t.Fatalf("token %d: the marginals sum to %g", i, sum)
		}
	}
}

func TestFile(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var features []uint64
	var rows [][Labels]float32
	for range 5000 {
		var row [Labels]float32
		for j := range row {
			row[j] = float32(rng.NormFloat64())
		}
		features, rows = append(features, rng.Uint64()), append(rows, row)
	}
	trans, _ := random(1, 3)
	calibration := [][2]float32{{0, 0}, {0.5, 0.4}, {1, 0.98}}
	bare := Build(features, rows, trans)
	if !bytes.Equal(bare, Build(features, rows, trans)) {
		t.Error("two builds differ")
	}
	b, err := Recalibrate(bare, calibration)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Recalibrate(b, nil); err != nil || !bytes.Equal(again, bare) {
		t.Errorf("without calibration the file is not as before: %v", err)
	}
	w, err := Load(b)
	if err != nil {
		t.Fatal(err)
	}
	if w.Features() != len(features) || w.Transitions != *trans {
		t.Errorf("%d features, want %d", w.Features(), len(features))
	}
	clashes := 0 // features of one bucket with one print: a few in a hundred thousand
	for i, f := range features {
		var s Scores
		w.Add(&s, f)
		for j := range s {
			if diff := math.Abs(float64(s[j] - rows[i][j])); diff > 0.02+0.04*math.Abs(float64(rows[i][j])) {
				clashes++
				break
			}
		}
	}
	if clashes > 4 {
		t.Errorf("%d of %d features have other weights", clashes, len(features))
	}
	wrong := 0
	for range 10000 {
		var s Scores
		if w.Add(&s, rng.Uint64()); s != (Scores{}) {
			wrong++
		}
	}
	if wrong > 10 {
		t.Errorf("%d of 10000 unknown features have weights", wrong)
	}
	for p, want := range map[float32]float32{0: 0, 0.25: 0.2, 0.75: 0.69, 1: 0.98} {
		if got := w.Calibrated(p); math.Abs(float64(got-want)) > 1e-6 {
			t.Errorf("Calibrated(%g) = %g, want %g", p, got, want)
		}
	}
	for _, n := range []int{0, 10, 700, len(b) / 2, len(b) - 1} {
		if _, err := Load(b[:n]); err == nil {
			t.Errorf("Load of %d of %d bytes: no error", n, len(b))
		}
	}
}
