package files

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/datelinenews/dateline/pipeline"
)

// reader gives the messages of one entry.
type reader struct {
	entry entry
	max   int
	live  bool // standard input: more may come later
	file  io.Closer
	br    *bufio.Reader
	stop  func(error) // ends a blocked read, where there is one that can block

	line  int // of JSON lines: the last one read
	array *arrayReader
	warc  *warcReader
	ended bool
	err   error // the file could not be opened
}

func (s *Source) reader(e entry) *reader {
	r := &reader{entry: e, max: s.config.MaxBytes, live: e.path == Stdin}
	if e.err != nil {
		r.err = e.err
		return r
	}
	f, err := e.open()
	if err != nil {
		r.err = err
		return r
	}
	r.file = f
	src := io.Reader(&counting{r: f, n: &s.read})
	if r.live {
		src, r.stop = cancellable(src)
	}
	r.br = bufio.NewReaderSize(src, 64<<10)
	return r
}

// counting counts the bytes that are read.
type counting struct {
	r io.Reader
	n *atomic.Int64
}

func (c *counting) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n.Add(int64(n))
	return n, err
}

// cancellable reads src in a goroutine of its own, so that whoever waits for it can be told to stop.
// The goroutine itself ends with src's next byte, for a read from a terminal or a pipe can't be
// called off.
func cancellable(src io.Reader) (io.Reader, func(error)) {
	pr, pw := io.Pipe()
	go func() {
		_, err := io.Copy(pw, src)
		pw.CloseWithError(err) // nil is EOF
	}()
	return pr, func(err error) { pw.CloseWithError(err) }
}

func (r *reader) buffered() int {
	if r.br == nil {
		return 0
	}
	return r.br.Buffered()
}

func (r *reader) close() {
	if r.stop != nil {
		r.stop(io.ErrClosedPipe)
	}
	if r.file != nil {
		_ = r.file.Close() // it was only read
	}
}

// message is the next one, io.EOF at the end, or ctx's error.
func (r *reader) message(ctx context.Context) (pipeline.Message, error) {
	if r.stop != nil {
		defer context.AfterFunc(ctx, func() { r.stop(ctx.Err()) })()
	}
	m, err := r.nextMessage(ctx)
	if ctxErr := ctx.Err(); ctxErr != nil && (errors.Is(err, ctxErr) || errors.Is(m.Err, ctxErr)) {
		return pipeline.Message{}, ctxErr
	}
	return m, err
}

func (r *reader) nextMessage(ctx context.Context) (pipeline.Message, error) {
	if r.ended {
		return pipeline.Message{}, io.EOF
	}
	if r.err == nil && r.line == 0 && r.array == nil && r.warc == nil {
		r.err = r.begin()
	}
	if r.err != nil {
		return r.failed(nil, r.err), nil
	}
	switch {
	case r.array != nil:
		return r.element()
	case r.warc != nil:
		return r.page(ctx)
	case r.entry.form == JSONL:
		return r.nextLine()
	}
	r.ended = true
	value, err := readAll(r.br, r.max)
	return r.made(value, 0, err), nil
}

// begin unpacks, settles the form, and sees whether JSON is an array.
func (r *reader) begin() error {
	e := &r.entry
	if magic, _ := r.br.Peek(2); e.gz || r.live && bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		if len(magic) == 0 {
			return errors.New("unpack: the file is empty")
		}
		gz, err := gzip.NewReader(r.br)
		if err != nil {
			return fmt.Errorf("unpack: %w: is it really gzip?", err)
		}
		r.br = bufio.NewReaderSize(gz, 64<<10)
	}
	if e.form == "" {
		head, err := r.br.Peek(4 << 10)
		if err != nil && err != io.EOF {
			return err
		}
		e.form = sniff(head)
	}
	if e.form == JSON {
		if isArray(r.br) {
			r.array = newArrayReader(r.br, r.max)
		}
	}
	if e.form == WARC {
		r.warc = &warcReader{br: r.br, max: r.max}
	}
	return nil
}

// page is the next page of a crawl.
func (r *reader) page(ctx context.Context) (pipeline.Message, error) {
	value, record, err := r.warc.next(ctx)
	var one *recordError
	switch {
	case errors.Is(err, io.EOF):
		r.ended = true
		return pipeline.Message{}, io.EOF
	case err != nil && ctx.Err() != nil:
		return pipeline.Message{}, ctx.Err()
	case errors.As(err, &one):
		return r.made(value, record, err), nil
	case err != nil:
		m := r.failed(value, fmt.Errorf("%w; what follows in the file was not read", err))
		m.Origin.Line = record
		return m, nil
	}
	return r.made(value, record, nil), nil
}

// sniff tells the form from how the data begins. Plain text seldom begins with {" or [{ or <a.
func sniff(head []byte) Form {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
	if len(head) < 2 {
		return TXT
	}
	after := bytes.TrimLeft(head[1:], " \t\r\n")
	next := byte(0)
	if len(after) > 0 {
		next = after[0]
	}
	switch {
	case bytes.HasPrefix(head, []byte(warcMagic)):
		return WARC
	case head[0] == '{' && (next == '"' || next == '}'):
		if i := bytes.IndexByte(head, '\n'); i >= 0 && !json.Valid(head[:i]) {
			return JSON // one object over several lines
		}
		return JSONL
	case head[0] == '[' && (next == '{' || next == ']'):
		return JSON
	case head[0] == '<' && (next == '!' || next == '?' || 'a' <= next|0x20 && next|0x20 <= 'z'):
		return HTML
	}
	return TXT
}

func isArray(br *bufio.Reader) bool {
	for n := 64; ; n *= 4 {
		head, err := br.Peek(n)
		if t := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n"); len(t) > 0 {
			return t[0] == '['
		}
		if err != nil { // the end, or more white space than the buffer holds
			return false
		}
	}
}

// failed is the last message of the entry, with the reason why there are no more.
func (r *reader) failed(value []byte, err error) pipeline.Message {
	r.ended = true
	return r.made(value, 0, err)
}

func (r *reader) made(value []byte, line int, err error) pipeline.Message {
	m := pipeline.Message{Value: value, Format: pipeline.JSON, Origin: pipeline.Origin{Path: r.entry.path, Line: line}, Err: err}
	switch r.entry.form {
	case TXT:
		m.Format, m.Name = pipeline.Text, r.entry.name
	case HTML:
		m.Format, m.Name = pipeline.HTML, r.entry.name
	}
	return m
}

// errTooLong is the error of what is over the limit.
func errTooLong(what string, limit int) error {
	return fmt.Errorf("%s is longer than %d bytes, the most that is read of one article: split it", what, limit)
}

// readError says what a failed read means.
func readError(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the file is cut short: fetch it again: %w", err)
	}
	return fmt.Errorf("read: %w", err)
}

// readAll reads to the end, or limit bytes and an error. With an error it returns what it has.
func readAll(r io.Reader, limit int) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if len(b) > limit {
		return b[:limit], errTooLong("the file", limit)
	}
	if err != nil {
		return b, readError(err)
	}
	return b, nil
}

// nextLine is the next line that isn't blank.
func (r *reader) nextLine() (pipeline.Message, error) {
	for {
		r.line++
		line, long, err := r.readLine()
		if err != nil && !errors.Is(err, io.EOF) {
			m := r.failed(line, readError(err))
			m.Origin.Line = r.line
			return m, nil
		}
		r.ended = errors.Is(err, io.EOF)
		line = bytes.TrimSuffix(line, []byte("\r"))
		switch {
		case long:
			return r.made(line, r.line, errTooLong("the line", r.max)), nil
		case len(bytes.TrimSpace(line)) > 0:
			return r.made(line, r.line, nil), nil
		case r.ended:
			return pipeline.Message{}, io.EOF
		}
	}
}

// readLine reads a line without its newline. Of one over the limit it keeps as much as the limit.
func (r *reader) readLine() (line []byte, long bool, err error) {
	for {
		part, err := r.br.ReadSlice('\n')
		if err == nil {
			part = part[:len(part)-1]
		}
		if room := r.max - len(line); len(part) > room {
			long = true
			part = part[:room]
		}
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, long, err
		}
	}
}

// element is the next element of an array.
func (r *reader) element() (pipeline.Message, error) {
	value, line, err := r.array.next()
	switch {
	case errors.Is(err, io.EOF):
		r.ended = true
		return pipeline.Message{}, io.EOF
	case err != nil:
		m := r.failed(value, fmt.Errorf("%w; what follows in the file was not read", err))
		m.Origin.Line = line
		return m, nil
	}
	return r.made(value, line, nil), nil
}
