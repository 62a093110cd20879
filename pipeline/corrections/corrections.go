// Package corrections keeps what people have put right: that a name is none, or of another type, or
// stands for somebody else, and that a quote is not of the speaker whom the extraction chose.
//
// A correction names an entity by its key, or a quote by its article and words, so that it outlives
// the extraction that it corrects. Corrections are a layer over records: applied to a record that
// is read (Set.Apply), and to the next extraction (Set.Dictionary, Set.Apply); no record is changed
// in its place. They are kept in a Store: a File beside an embedded index, or an index of their own in
// Elasticsearch. The file has a line of JSON for each that was made or undone, and only grows.
package corrections

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/datelinenews/dateline/extractor/coref"
	"github.com/datelinenews/dateline/extractor/ner"
)

// Kind is what is wrong.
type Kind string

// The kinds.
const (
	NotAName      Kind = "not-a-name"
	WrongType     Kind = "wrong-type"
	SameAs        Kind = "same-as"
	NotTheSpeaker Kind = "not-the-speaker"
)

// Correction is one.
type Correction struct {
	ID   string    `json:"id"`
	Kind Kind      `json:"kind"`
	Time time.Time `json:"time"`
	// By names who made it, where that is known.
	By string `json:"by,omitempty"`
	// Key and Name are the entity's as it is extracted; of a quote, its speaker's.
	Key  string `json:"key,omitempty"`
	Name string `json:"name,omitempty"`
	// Type is the right one (WrongType), or that of the entity meant (SameAs).
	Type ner.Type `json:"type,omitzero"`
	// To is the name of the entity meant (SameAs).
	To string `json:"to,omitempty"`
	// Article and Quote are whose speaker is wrong: an ID, and the quote's words.
	Article string `json:"article,omitempty"`
	Quote   string `json:"quote,omitempty"`
}

// Target is the key of the entity that a correction turns its own into.
func (c *Correction) Target() string {
	switch c.Kind {
	case WrongType:
		return coref.Key(c.Type, c.Name)
	case SameAs:
		return coref.Key(c.Type, c.To)
	}
	return ""
}

// ErrCorrection is what Validate wraps.
var ErrCorrection = errors.New("bad correction")

// longest is the most bytes of a name, and of a quote many times that.
const longest = 1000

// Validate says what a correction lacks.
func (c *Correction) Validate() error {
	typed := c.Type == ner.Person || c.Type == ner.Organisation || c.Type == ner.Place
	switch {
	case len(c.Name) > longest || len(c.To) > longest || len(c.Key) > longest || len(c.Article) > longest || len(c.Quote) > 20*longest:
		return fmt.Errorf("%w: it is too long", ErrCorrection)
	case strings.ContainsAny(c.Name+c.To, "\t\n\r"):
		return fmt.Errorf("%w: a name can't hold tabs and line ends", ErrCorrection)
	case c.Kind == NotTheSpeaker:
		if c.Article == "" || c.Quote == "" {
			return fmt.Errorf("%w: want the article and the quote", ErrCorrection)
		}
		return nil
	case c.Key == "" || strings.TrimSpace(c.Name) == "":
		return fmt.Errorf("%w: want the entity's key and name", ErrCorrection)
	case c.Kind == NotAName:
		return nil
	case !typed:
		return fmt.Errorf("%w: want a type: person, organisation or place", ErrCorrection)
	case c.Kind == SameAs && strings.TrimSpace(c.To) == "":
		return fmt.Errorf("%w: want the name of the entity meant", ErrCorrection)
	case c.Kind != WrongType && c.Kind != SameAs:
		return fmt.Errorf("%w: unknown kind %q", ErrCorrection, c.Kind)
	case c.Target() == c.Key:
		return fmt.Errorf("%w: %s is that already", ErrCorrection, c.Name)
	}
	return nil
}

// Subject tells what a correction is about: of two with one subject only the later is in force.
func (c *Correction) Subject() string {
	about := []string{"entity", c.Key}
	if c.Kind == NotTheSpeaker {
		about = []string{"quote", c.Article, c.Quote, c.Key}
	}
	h := sha256.New()
	for _, s := range about {
		_, _ = fmt.Fprintf(h, "%d %s ", len(s), s) // it never fails
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// NewID is the ID of a new correction.
func NewID() string {
	var id [8]byte
	_, _ = rand.Read(id[:]) // it never fails
	return hex.EncodeToString(id[:])
}

// Store keeps corrections. It is safe for concurrent use.
type Store interface {
	// List are the corrections in force, the oldest first.
	List(ctx context.Context) ([]Correction, error)
	// Add makes a correction, which gets an ID. An earlier one of the same subject is undone by it. An error
	// that wraps ErrCorrection says what it lacks.
	Add(ctx context.Context, c Correction) (Correction, error)
	// Undo takes a correction away. One that is not in force is no error.
	Undo(ctx context.Context, id string) error
}

// line is one of the file's.
type line struct {
	Undo string `json:"undo,omitempty"`
	*Correction
}

// File is a Store in a file. One process may write to it; several may read it.
type File struct {
	path string
	mu   sync.Mutex
}

// Open names a file, which need not be there yet.
func Open(path string) *File { return &File{path: path} }

// Path is the file's.
func (f *File) Path() string { return f.path }

// String names the store.
func (f *File) String() string { return f.path }

// List are the corrections in force, the oldest first.
func (f *File) List(context.Context) ([]Correction, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.list()
}

func (f *File) list() ([]Correction, error) {
	raw, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read corrections: %w", err)
	}
	out, err := Read(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path, err)
	}
	return out, nil
}

// Read reads a file's lines. A last line that a crash has cut is passed over.
func Read(r io.Reader) ([]Correction, error) {
	var out []Correction
	in := bufio.NewReader(r)
	for n := 1; ; n++ {
		raw, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read corrections: %w", err)
		}
		if len(bytes.TrimSpace(raw)) == 0 {
			continue
		}
		l := line{Correction: &Correction{}}
		if err := json.Unmarshal(raw, &l); err != nil {
			return nil, fmt.Errorf("read corrections: line %d: %w", n, err)
		}
		if l.Undo != "" {
			out = slices.DeleteFunc(out, func(c Correction) bool { return c.ID == l.Undo })
			continue
		}
		if err := l.Validate(); err != nil {
			return nil, fmt.Errorf("read corrections: line %d: %w", n, err)
		}
		out = append(out, *l.Correction)
	}
}

// Add makes a correction.
func (f *File) Add(_ context.Context, c Correction) (Correction, error) {
	if err := c.Validate(); err != nil {
		return c, err
	}
	c.ID = NewID()
	f.mu.Lock()
	defer f.mu.Unlock()
	old, err := f.list()
	if err != nil {
		return c, err
	}
	var lines []line
	for _, o := range old {
		if o.Subject() == c.Subject() {
			lines = append(lines, line{Undo: o.ID})
		}
	}
	return c, f.write(append(lines, line{Correction: &c}))
}

// Undo takes a correction away.
func (f *File) Undo(_ context.Context, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	old, err := f.list()
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(old, func(c Correction) bool { return c.ID == id }) {
		return nil
	}
	return f.write([]line{{Undo: id}})
}

// write adds lines, on the disk. What a crash has left half written is ended first.
func (f *File) write(lines []line) (err error) {
	out, err := os.OpenFile(f.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("write corrections: %w", err)
	}
	defer func() {
		if e := out.Close(); err == nil && e != nil {
			err = fmt.Errorf("write corrections: %w", e)
		}
	}()
	info, err := out.Stat()
	if err != nil {
		return fmt.Errorf("write corrections: %w", err)
	}
	if n := info.Size(); n > 0 {
		if err := f.trim(out, n); err != nil {
			return fmt.Errorf("write corrections: %w", err)
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	for _, l := range lines {
		if err := enc.Encode(l); err != nil {
			return fmt.Errorf("write corrections: %w", err)
		}
	}
	if _, err := out.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write corrections: %w", err)
	}
	if err := out.Sync(); err != nil {
		return fmt.Errorf("write corrections: %w", err)
	}
	return nil
}

// trim cuts a last line that has no end.
func (f *File) trim(out *os.File, size int64) error {
	raw := make([]byte, size)
	if _, err := out.ReadAt(raw, 0); err != nil {
		return err
	}
	if end := int64(bytes.LastIndexByte(raw, '\n')) + 1; end < size {
		return out.Truncate(end)
	}
	return nil
}
