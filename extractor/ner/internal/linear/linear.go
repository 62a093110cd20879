// Package linear is a linear-chain conditional random field (Lafferty, McCallum and Pereira 2001)
// over the tags of names: weights of hashed features, decoding and marginal probabilities.
package linear

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"sort"
)

// Labels is the number of tags: outside, and begin, inside, end and single for each type of name.
const Labels = 1 + 4*Types

// Types is the number of types of names.
const Types = 3

// Outside is the tag of a token that belongs to no name.
const Outside = 0

// Begin is the tag that opens a name of type t, counted from 0.
func Begin(t int) int { return 1 + 4*t }

// Inside is the tag within a name.
func Inside(t int) int { return 2 + 4*t }

// End is the tag that closes a name.
func End(t int) int { return 3 + 4*t }

// Single is the tag of a name of one token.
func Single(t int) int { return 4 + 4*t }

// Follows reports whether tag b may come after tag a.
func Follows(a, b int) bool {
	open := a != Outside && (a-1)%4 < 2     // a begins or goes on with a name
	carries := b != Outside && (b-1)%4 >= 1 // b goes on with or ends one
	if b != Outside && (b-1)%4 == 3 {
		carries = false
	}
	if open != carries {
		return false
	}
	return !open || (a-1)/4 == (b-1)/4
}

// Starts reports whether a sentence may start with the tag.
func Starts(a int) bool { return Follows(Outside, a) }

// Ends reports whether a sentence may end with the tag.
func Ends(a int) bool { return Follows(a, Outside) }

// Scores is the score of each tag at one token.
type Scores [Labels]float32

// Transitions are the scores of a tag after a tag; forbidden ones are Forbidden.
type Transitions [Labels][Labels]float32

// Forbidden is the score of a tag after one that it can't follow.
const Forbidden = -1e4

// Weights are the weights of the features, quantised to a byte each. A feature is a 64-bit hash:
// the high bits choose a bucket, 16 low bits tell the features of a bucket apart.
type Weights struct {
	Transitions Transitions
	Calibration Calibration
	decode      [256]float32
	buckets     int
	offsets     []byte // uint32, buckets+1
	prints      []byte // uint16 for each feature
	rows        []byte // Labels bytes for each feature
}

const magic = "dateline ner 1\n\x00"

// Features is the number of features with a weight.
func (w *Weights) Features() int { return len(w.prints) / 2 }

// Build lays out the file of a model without calibration. features and rows go together.
func Build(features []uint64, rows [][Labels]float32, trans *Transitions) []byte {
	n := len(features)
	order := make([]int, n)
	var largest float32
	for i := range order {
		order[i] = i
		for _, x := range rows[i] {
			largest = max(largest, abs(x))
		}
	}
	largest = min(largest, 12)
	sort.Slice(order, func(a, b int) bool { return features[order[a]] < features[order[b]] })
	buckets := n/4 + 1
	var b bytes.Buffer
	b.WriteString(magic)
	put := func(v any) { _ = binary.Write(&b, binary.LittleEndian, v) } // a buffer takes it all
	put(uint32(n))
	put(uint32(buckets))
	put(largest)
	for i := range trans {
		put(trans[i][:])
	}
	put(uint32(0)) // points of calibration
	next := 0
	for k := range buckets + 1 {
		for next < n && bucket(features[order[next]], buckets) < k {
			next++
		}
		put(uint32(next))
	}
	for _, i := range order {
		put(uint16(features[i]))
	}
	for _, i := range order {
		var row [Labels]byte
		for j, x := range rows[i] {
			row[j] = byte(quantise(x, largest))
		}
		b.Write(row[:])
	}
	return b.Bytes()
}

func abs(x float32) float32 { return max(x, -x) }

// quantise maps a weight to -127..127; steps are fine near 0 and coarse far from it.
func quantise(x, largest float32) int8 {
	q := math.Round(127 * math.Sqrt(float64(min(abs(x)/largest, 1))))
	if x < 0 {
		q = -q
	}
	return int8(q)
}

func bucket(feature uint64, buckets int) int {
	hi, _ := bits.Mul64(feature, uint64(buckets))
	return int(hi)
}

// calibrationAt is where the calibration stands in a file.
const calibrationAt = len(magic) + 12 + 4*Labels*Labels

// Recalibrate gives the file of a model another calibration.
func Recalibrate(b []byte, calibration [][2]float32) ([]byte, error) {
	w, err := Load(b)
	if err != nil {
		return nil, err
	}
	out := append([]byte(nil), b[:calibrationAt]...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(calibration)))
	for _, c := range calibration {
		for _, x := range c {
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
		}
	}
	return append(out, b[calibrationAt+4+8*len(w.Calibration):]...), nil
}

// Load reads what Build laid out; it keeps b.
func Load(b []byte) (*Weights, error) {
	if !bytes.HasPrefix(b, []byte(magic)) {
		return nil, errors.New("not a file of weights")
	}
	w := &Weights{}
	short := errors.New("the file of weights is cut short")
	r := b[len(magic):]
	if len(r) < 12+4*Labels*Labels+4 {
		return nil, short
	}
	u32 := func() uint32 {
		v := binary.LittleEndian.Uint32(r)
		r = r[4:]
		return v
	}
	f32 := func() float32 { return math.Float32frombits(u32()) }
	n := int(u32())
	w.buckets = int(u32())
	largest := f32()
	for i := range w.Transitions {
		for j := range w.Transitions[i] {
			w.Transitions[i][j] = f32()
		}
	}
	points := int(u32())
	if want := 8*points + 4*(w.buckets+1) + 2*n + Labels*n; points > 1000 || len(r) != want {
		return nil, fmt.Errorf("%w: %d bytes, want %d", short, len(r), want)
	}
	for range points {
		p := f32()
		w.Calibration = append(w.Calibration, [2]float32{p, f32()})
	}
	w.offsets, r = r[:4*(w.buckets+1)], r[4*(w.buckets+1):]
	w.prints, w.rows = r[:2*n], r[2*n:]
	if last := binary.LittleEndian.Uint32(w.offsets[4*w.buckets:]); int(last) != n {
		return nil, errors.New("the file of weights is damaged")
	}
	for i := range w.decode {
		q := float32(int8(i)) / 127
		w.decode[i] = q * abs(q) * largest
	}
	return w, nil
}

// Add adds the weights of a feature to s.
func (w *Weights) Add(s *Scores, feature uint64) {
	k := bucket(feature, w.buckets) * 4
	o := w.offsets[k : k+8 : k+8]
	from, to := binary.LittleEndian.Uint32(o), binary.LittleEndian.Uint32(o[4:])
	print := uint16(feature)
	for i := from; i < to; i++ {
		if binary.LittleEndian.Uint16(w.prints[2*i:]) != print {
			continue
		}
		row := (*[Labels]byte)(w.rows[Labels*i:])
		for j := range s {
			s[j] += w.decode[row[j]]
		}
		return
	}
}

// AddAll adds the weights of all features to s.
func (w *Weights) AddAll(s *Scores, features []uint64) {
	for _, f := range features {
		w.Add(s, f)
	}
}

// Calibrated is the share of names that are right among those of marginal probability p.
func (w *Weights) Calibrated(p float32) float32 { return w.Calibration.At(p) }

// Calibration maps marginal probabilities to the share that is right: pairs of ascending
// probabilities and shares, between which it is linear. Without pairs it changes nothing.
type Calibration [][2]float32

// At is the share at probability p.
func (c Calibration) At(p float32) float32 {
	if len(c) == 0 {
		return p
	}
	i := sort.Search(len(c), func(i int) bool { return c[i][0] >= p })
	switch {
	case i == 0:
		return c[0][1]
	case i == len(c):
		return c[len(c)-1][1]
	}
	a, b := c[i-1], c[i]
	return a[1] + (b[1]-a[1])*(p-a[0])/(b[0]-a[0])
}
