package conv

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/datelinenews/dateline/extractor/ner/internal/linear"
)

// How files open.
const (
	magic        = "dateline conv 1\n"
	vectorsMagic = "dateline vecs 1\n"
)

// What a file may ask for. The limits keep damaged files from asking for more than they hold, and
// every sum of the network within its type.
const (
	maxWidth    = 512
	maxLayers   = 8
	maxDilation = 16
	maxPoints   = 1000
	largest     = 1e6 // of any number in it
)

var (
	errShort   = errors.New("the file is cut short")
	errDamaged = errors.New("the file is damaged")
)

// network is what a file holds, as the file has it. All numbers are little-endian; matrices are
// stored row by row, [output][input]. After the magic come
//
//	width D, vector V, memory Z, layers L     uint32 each; D = Z
//	dilations                                 uint32 [L]
//	points of calibration: their number       uint32, then pairs of float32
//	transitions                               float32 [13][13]
//	G, bias                                   [D][V], [D]
//	gamma, beta of the input                  [D], [D]
//	for each layer: W, bias, gamma, beta      [3][D][D], [D], [D], [D]
//	memory: W, bias                           [D][2D], [D]
//	join: W, bias                             [D][2D], [D]
//	output: W, bias                           [13][D], [13]
//	the table of features
type network struct {
	width, vector int
	dilations     []int
	calibration   linear.Calibration
	transitions   linear.Transitions
	input         dense // G and the bias
	norms         []norm
	layers        []dense // their weights are [3][D][D]
	memory, join  dense
	output        dense
	features      table
}

type dense struct{ weights, bias []float32 }

type norm struct{ gamma, beta []float32 }

func parse(b []byte) (*network, error) {
	r := reader{b: b}
	if err := r.magic(magic); err != nil {
		return nil, fmt.Errorf("not a file of a convolutional model: %w", err)
	}
	n := &network{}
	n.width, n.vector = r.size(maxWidth), r.size(maxWidth)
	z, layers := r.size(maxWidth), r.size(maxLayers)
	if r.err == nil && (n.width%panel != 0 || n.vector%2 != 0 || z != n.width) {
		r.err = errDamaged
	}
	for range layers {
		n.dilations = append(n.dilations, r.size(maxDilation))
	}
	points := int(r.u32())
	if points > maxPoints {
		r.fail(errDamaged)
		points = 0
	}
	for i, x := range chunks(r.floats(2*points), 2) {
		if !(x[1] >= 0 && x[1] <= 1) || i > 0 && x[0] < n.calibration[i-1][0] {
			r.fail(errDamaged)
		}
		n.calibration = append(n.calibration, [2]float32(x))
	}
	for i, row := range chunks(r.floats(linear.Labels*linear.Labels), linear.Labels) {
		n.transitions[i] = [linear.Labels]float32(row)
	}
	d := n.width
	n.input = r.dense(d, n.vector)
	n.norms = append(n.norms, r.norm(d))
	for range n.dilations {
		n.layers = append(n.layers, dense{r.floats(3 * d * d), r.floats(d)})
		n.norms = append(n.norms, r.norm(d))
	}
	n.memory, n.join = r.dense(d, 2*d), r.dense(d, 2*d)
	n.output = r.dense(linear.Labels, d)
	n.features = r.table(d)
	return n, r.end()
}

// parseVectors reads the file of word vectors: the magic and a table.
func parseVectors(b []byte, width int) (table, error) {
	r := reader{b: b}
	if err := r.magic(vectorsMagic); err != nil {
		return table{}, fmt.Errorf("not a file of word vectors: %w", err)
	}
	t := r.table(width)
	return t, r.end()
}

// reader reads a file front to back. After an error it gives zeros.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *reader) bytes(n uint64) []byte {
	if r.err == nil && n > uint64(len(r.b)) {
		r.err = errShort
	}
	if r.err != nil {
		return nil
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) magic(want string) error {
	if got := r.bytes(uint64(len(want))); r.err == nil && string(got) != want {
		r.err = fmt.Errorf("it opens with %q", got)
	}
	return r.err
}

func (r *reader) u32() uint32 {
	if b := r.bytes(4); r.err == nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// size is a number from 1 to most.
func (r *reader) size(most uint32) int {
	n := r.u32()
	if r.err == nil && (n == 0 || n > most) {
		r.err = errDamaged
	}
	if r.err != nil {
		return 0
	}
	return int(n)
}

func (r *reader) floats(n int) []float32 {
	b := r.bytes(4 * uint64(n))
	out := make([]float32, len(b)/4)
	for i := range out {
		x := math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		if !(x >= -largest && x <= largest) {
			r.fail(errDamaged)
			return nil
		}
		out[i] = x
	}
	return out
}

func (r *reader) dense(out, in int) dense { return dense{r.floats(out * in), r.floats(out)} }

func (r *reader) norm(n int) norm { return norm{r.floats(n), r.floats(n)} }

func (r *reader) end() error {
	if r.err == nil && len(r.b) > 0 {
		return fmt.Errorf("%w: %d bytes too many", errDamaged, len(r.b))
	}
	return r.err
}

func chunks(s []float32, n int) [][]float32 {
	var out [][]float32
	for ; len(s) >= n; s = s[n:] {
		out = append(out, s[:n])
	}
	return out
}

// table finds rows of signed bytes, each with a scale, by 64-bit hashes; it is used as it lies in the
// file. The high half of a hash chooses a bucket, the low half tells the rows of a bucket apart:
//
//	rows N, buckets B, width W    uint32 each
//	offsets                       uint32 [B+1]: rows of bucket k are offsets[k] to offsets[k+1]-1
//	prints                        uint32 [N]
//	scales                        float32 [N]
//	rows                          int8 [N][W]
type table struct {
	buckets                       uint64
	width                         int
	offsets, prints, scales, rows []byte
}

func (r *reader) table(width int) table {
	n, buckets, w := uint64(r.u32()), uint64(r.u32()), r.u32()
	if r.err == nil && (buckets == 0 || int(w) != width) {
		r.err = errDamaged
	}
	t := table{buckets, width, r.bytes(4 * (buckets + 1)), r.bytes(4 * n), r.bytes(4 * n), r.bytes(n * uint64(w))}
	if r.err != nil {
		return table{}
	}
	last := uint32(0)
	for i := range int(buckets) + 1 {
		o := binary.LittleEndian.Uint32(t.offsets[4*i:])
		if o < last || i == 0 && o != 0 {
			r.err = errDamaged
			return table{}
		}
		last = o
	}
	if uint64(last) != n {
		r.err = errDamaged
	}
	for i := range int(n) {
		if s := t.scale(i); !(s >= -largest && s <= largest) {
			r.err = errDamaged
		}
	}
	return t
}

// find gives the row of a hash, or -1.
func (t *table) find(hash uint64) int {
	k := 4 * ((hash >> 32) * t.buckets >> 32)
	o := t.offsets[k : k+8 : k+8]
	from, to := binary.LittleEndian.Uint32(o), binary.LittleEndian.Uint32(o[4:])
	for i := from; i < to; i++ {
		if binary.LittleEndian.Uint32(t.prints[4*i:]) == uint32(hash) {
			return int(i)
		}
	}
	return -1
}

func (t *table) scale(row int) float32 {
	return math.Float32frombits(binary.LittleEndian.Uint32(t.scales[4*row:]))
}

// row is a row of signed bytes.
func (t *table) row(i int) []byte { return t.rows[i*t.width : (i+1)*t.width : (i+1)*t.width] }
