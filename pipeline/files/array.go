package files

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// arrayReader streams the elements of a JSON array, so that memory holds one at a time.
type arrayReader struct {
	in  *metered
	dec *json.Decoder
	n   int // elements read
	// line is where the last element began; newlines before it are forgotten.
	line int
}

// metered gives at most budget bytes until it is refilled, and remembers where lines end.
type metered struct {
	r        io.Reader
	limit    int
	budget   int
	bom      bool // the start has been looked at for a byte order mark
	offset   int64
	newlines []int64
}

var errBudget = errors.New("over the limit")

func newArrayReader(r io.Reader, limit int) *arrayReader {
	in := &metered{r: r, limit: limit, budget: limit}
	return &arrayReader{in: in, dec: json.NewDecoder(in), line: 1}
}

func (m *metered) Read(b []byte) (int, error) {
	if m.budget <= 0 {
		return 0, errBudget
	}
	if len(b) > m.budget {
		b = b[:m.budget]
	}
	n, err := m.r.Read(b)
	if !m.bom && n > 0 {
		m.bom = true
		if n >= 3 && string(b[:3]) == "\ufeff" {
			copy(b, "   ") // white space of the same length keeps the offsets
		}
	}
	m.budget -= n
	for i, c := range b[:n] {
		if c == '\n' {
			m.newlines = append(m.newlines, m.offset+int64(i))
		}
	}
	m.offset += int64(n)
	return n, err
}

// next is the next element and the line that it begins in, or io.EOF.
func (a *arrayReader) next() (json.RawMessage, int, error) {
	if a.n == 0 {
		if _, err := a.dec.Token(); err != nil { // the bracket
			return a.rest(), 1, a.failure(err)
		}
	}
	a.in.budget = a.in.limit
	if !a.dec.More() {
		if _, err := a.dec.Token(); err != nil {
			return a.rest(), a.line, a.failure(err)
		}
		if _, err := a.dec.Token(); err != io.EOF {
			return a.rest(), a.line, errors.New("there is more after the JSON array")
		}
		return nil, 0, io.EOF
	}
	a.n++
	var v json.RawMessage
	if err := a.dec.Decode(&v); err != nil {
		return a.rest(), a.line, a.failure(err)
	}
	if len(v) > a.in.limit {
		return v[:a.in.limit], a.line, errTooLong(fmt.Sprintf("element %d", a.n), a.in.limit)
	}
	start := a.dec.InputOffset() - int64(len(v))
	passed := 0
	for passed < len(a.in.newlines) && a.in.newlines[passed] < start {
		passed++
	}
	a.line += passed
	a.in.newlines = append(a.in.newlines[:0], a.in.newlines[passed:]...)
	return v, a.line, nil
}

// rest is what has been read and not decoded, for the dead letter.
func (a *arrayReader) rest() []byte {
	b, _ := io.ReadAll(io.LimitReader(a.dec.Buffered(), int64(a.in.limit))) // from memory
	return b
}

func (a *arrayReader) failure(err error) error {
	at := fmt.Sprintf("element %d of the array", max(a.n, 1))
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, errBudget):
		return errTooLong(at, a.in.limit)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s: the JSON ends early: the file was cut; fetch it again", at)
	case errors.As(err, &syntax):
		return fmt.Errorf("%s: not valid JSON near byte %d: %w", at, a.dec.InputOffset(), err)
	}
	return fmt.Errorf("%s: %w", at, readError(err))
}
