package pipeline

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// deadLetterJSON is how a dead letter is written, to a file and to Kafka alike. Bytes that are
// valid UTF-8 are a string, so that people can read them; others are base64.
type deadLetterJSON struct {
	Stage       Stage      `json:"stage"`
	Kind        Kind       `json:"kind,omitempty"`
	Reason      string     `json:"reason"`
	Time        time.Time  `json:"time,omitzero"`
	Origin      originJSON `json:"origin,omitzero"`
	Format      Format     `json:"format,omitempty"`
	Name        string     `json:"name,omitempty"`
	Key         *string    `json:"key,omitempty"`
	KeyBase64   []byte     `json:"key_base64,omitempty"`
	Partial     bool       `json:"partial,omitempty"`
	Value       *string    `json:"value,omitempty"`
	ValueBase64 []byte     `json:"value_base64,omitempty"`
}

type originJSON struct {
	Topic     string    `json:"topic,omitempty"`
	Partition *int      `json:"partition,omitempty"`
	Offset    *int64    `json:"offset,omitempty"`
	Path      string    `json:"path,omitempty"`
	Line      int       `json:"line,omitempty"`
	Time      time.Time `json:"time,omitzero"`
	Trace     string    `json:"traceparent,omitempty"`
}

// MarshalJSON gives the letter as one line of JSON without its newline.
func (l DeadLetter) MarshalJSON() ([]byte, error) {
	j := deadLetterJSON{
		Stage: l.Stage, Kind: l.Kind, Reason: l.Reason, Time: l.Time.UTC(), Format: l.Format, Name: l.Name, Partial: l.Partial,
		Origin: originJSON{Topic: l.Origin.Topic, Path: l.Origin.Path, Line: l.Origin.Line, Time: l.Origin.Time.UTC(), Trace: l.Origin.Trace},
	}
	if l.Origin.Topic != "" {
		j.Origin.Partition, j.Origin.Offset = &l.Origin.Partition, &l.Origin.Offset
	}
	j.Key, j.KeyBase64 = textOrBytes(l.Key)
	j.Value, j.ValueBase64 = textOrBytes(l.Value)
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(j); err != nil {
		return nil, fmt.Errorf("encode dead letter: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (l *DeadLetter) UnmarshalJSON(b []byte) error {
	var j deadLetterJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return fmt.Errorf("decode dead letter: %w", err)
	}
	if j.Stage == "" {
		return errors.New(`decode dead letter: no "stage": not a dead letter`)
	}
	*l = DeadLetter{
		Stage: j.Stage, Kind: j.Kind, Reason: j.Reason, Time: j.Time, Format: j.Format, Name: j.Name, Partial: j.Partial,
		Key: bytesOf(j.Key, j.KeyBase64), Value: bytesOf(j.Value, j.ValueBase64),
		Origin: Origin{Topic: j.Origin.Topic, Path: j.Origin.Path, Line: j.Origin.Line, Time: j.Origin.Time, Trace: j.Origin.Trace},
	}
	if j.Origin.Partition != nil {
		l.Origin.Partition = *j.Origin.Partition
	}
	if j.Origin.Offset != nil {
		l.Origin.Offset = *j.Origin.Offset
	}
	return nil
}

func textOrBytes(b []byte) (*string, []byte) {
	switch {
	case b == nil:
		return nil, nil
	case utf8.Valid(b):
		s := string(b)
		return &s, nil
	}
	return nil, b
}

func bytesOf(s *string, b []byte) []byte {
	if s != nil {
		return []byte(*s)
	}
	return b
}

// Message is the letter's message, to be sent again. A partial one keeps an Err, so that a replay
// never stores the part for the whole.
func (l DeadLetter) Message() Message {
	m := Message{Value: l.Value, Format: l.Format, Key: l.Key, Name: l.Name, Origin: l.Origin}
	if l.Partial {
		note := fmt.Sprintf(" (only a part of %s was kept: read it again from there)", l.Origin)
		// Once, however often it is replayed.
		m.Err = Fault(cmp.Or(l.Kind, KindUnreadable), errors.New(strings.TrimSuffix(l.Reason, note)+note))
	}
	return m
}

// DeadFile keeps dead letters in a file, a line of JSON each. The file is made with the first
// letter. Safe for concurrent use.
type DeadFile struct {
	path string

	mu   sync.Mutex
	f    *os.File
	torn bool // the file's last line has no end
}

// NewDeadFile is the dead letters' file at path.
func NewDeadFile(path string) *DeadFile { return &DeadFile{path: path} }

// Path is where the letters go.
func (d *DeadFile) Path() string { return d.path }

// Bury appends the letters and syncs the file.
func (d *DeadFile) Bury(ctx context.Context, letters []DeadLetter) error {
	if len(letters) == 0 {
		return nil
	}
	var b bytes.Buffer
	for _, l := range letters {
		line, err := l.MarshalJSON()
		if err != nil {
			return err
		}
		b.Write(line)
		b.WriteByte('\n')
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := d.open(); err != nil {
		return fmt.Errorf("open dead letters: %w: make it writable, or choose another file (--dead)", err)
	}
	out := b.Bytes()
	if d.torn {
		out = append([]byte{'\n'}, out...)
	}
	if _, err := d.f.Write(out); err != nil {
		d.torn = true
		return fmt.Errorf("write dead letters: %w", err)
	}
	d.torn = false
	if err := d.f.Sync(); err != nil {
		return fmt.Errorf("sync dead letters: %w", err)
	}
	return nil
}

// open opens the file, and sees whether an earlier run was cut in the middle of a line.
func (d *DeadFile) open() error {
	if d.f != nil {
		return nil
	}
	f, err := os.OpenFile(d.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	last := make([]byte, 1)
	if size, err := f.Seek(0, io.SeekEnd); err == nil && size > 0 {
		if _, err := f.ReadAt(last, size-1); err == nil {
			d.torn = last[0] != '\n'
		}
	}
	d.f = f
	return nil
}

// Close closes the file.
func (d *DeadFile) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.f == nil {
		return nil
	}
	err := d.f.Close()
	d.f = nil
	return err
}

// ReadDeadLetters reads letters that a DeadFile wrote. A damaged line gives an error that names it,
// and the reading goes on; an error of r itself ends it.
func ReadDeadLetters(r io.Reader) iter.Seq2[DeadLetter, error] {
	return func(yield func(DeadLetter, error) bool) {
		br := bufio.NewReader(r)
		for n := 1; ; n++ {
			line, err := br.ReadBytes('\n')
			if len(bytes.TrimSpace(line)) > 0 {
				var l DeadLetter
				uerr := json.Unmarshal(line, &l)
				if uerr != nil {
					uerr = fmt.Errorf("line %d: %w", n, uerr)
				}
				if !yield(l, uerr) {
					return
				}
			}
			switch {
			case err == io.EOF:
				return
			case err != nil:
				yield(DeadLetter{}, fmt.Errorf("read dead letters: %w", err))
				return
			}
		}
	}
}
