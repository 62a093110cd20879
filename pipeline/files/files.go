// Package files is a source of articles in files: a folder, a file, a glob or standard input.
//
//	.txt              the body of one article, its ID the file's name
//	.html .htm        one page
//	.json             one raw article, or an array of them
//	.jsonl .ndjson    a raw article a line
//	.jsonld           a schema.org article
//	.warc             the web pages of a saved crawl
//
// each plain or .gz. Articles in JSON may be in forms of the trade: see pipeline.Decode. Memory is bounded: arrays and lines are streamed, and a file, an element or a
// line over the limit becomes one message with an error. What can't be read is a message with an
// error too, and the rest goes on.
package files

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/datelinenews/dateline/pipeline"
)

// Form is the form of a file or of standard input.
type Form string

// The forms.
const (
	TXT   Form = "txt"
	JSON  Form = "json"
	JSONL Form = "jsonl"
	HTML  Form = "html"
	WARC  Form = "warc"
)

var forms = map[string]Form{
	".txt": TXT, ".json": JSON, ".jsonld": JSON, ".warc": WARC, ".jsonl": JSONL, ".ndjson": JSONL, ".html": HTML, ".htm": HTML, ".xhtml": HTML,
}

const known = ".txt, .json, .jsonld, .jsonl, .ndjson, .html, .htm, .warc, each also with .gz"

// Stdin is the path that stands for standard input.
const Stdin = "-"

// Config says what to read. Zero values are the defaults.
type Config struct {
	// Paths are files, folders (read with all below them, but for hidden ones), globs, or Stdin.
	Paths []string
	// FS is where Paths are looked up. Default: the machine's files.
	FS fs.FS
	// Stdin is standard input. Default: os.Stdin.
	Stdin io.Reader
	// StdinForm is its form. Default: told from how it begins.
	StdinForm Form
	// MaxBytes is the most bytes, unpacked, of one article: a file, an element of an array or a
	// line. Default: 16 MiB.
	MaxBytes int
	// BatchBytes and BatchMessages end a batch. Defaults: 1 MiB and 64.
	BatchBytes, BatchMessages int
}

// Source reads files in the order of the paths, and of names within a folder. Commit does nothing:
// a new Source reads all again. It is a pipeline.Source.
type Source struct {
	config  Config
	entries []entry
	skipped []string
	total   int64
	read    atomic.Int64

	next int
	cur  *reader
}

var _ pipeline.Source = (*Source)(nil)

// entry is one file to read.
type entry struct {
	path string // as shown
	name string // the ID of an article that has none
	form Form
	gz   bool
	size int64
	open func() (io.ReadCloser, error)
	err  error // it was found, but can't be read
}

// Open finds the files. Errors name the path and the remedy: nothing there, nothing that matches,
// or an extension that says nothing of the form, where nothing else was named.
func Open(c Config) (*Source, error) {
	c.MaxBytes = cmp.Or(c.MaxBytes, 16<<20)
	c.BatchBytes = cmp.Or(c.BatchBytes, 1<<20)
	c.BatchMessages = cmp.Or(c.BatchMessages, 64)
	if c.Stdin == nil {
		c.Stdin = os.Stdin
	}
	if len(c.Paths) == 0 {
		return nil, errors.New("nothing to read: name files, folders or - for standard input")
	}
	s := &Source{config: c}
	for _, p := range c.Paths {
		if err := s.add(p); err != nil {
			return nil, err
		}
	}
	if len(s.entries) == 0 {
		return nil, unknownForm(s.skipped[0])
	}
	s.entries = distinct(s.entries)
	for _, e := range s.entries {
		if e.size < 0 {
			s.total = -1
			break
		}
		s.total += e.size
	}
	return s, nil
}

func unknownForm(path string) error {
	return fmt.Errorf("%s: can't tell its form from its name: want %s, or send it to standard input with --input", path, known)
}

// add finds the files of one path.
func (s *Source) add(p string) error {
	if p == Stdin && s.config.FS == nil {
		s.entries = append(s.entries, entry{path: Stdin, form: s.config.StdinForm, size: -1,
			open: func() (io.ReadCloser, error) { return io.NopCloser(s.config.Stdin), nil }})
		return nil
	}
	before, skippedBefore := len(s.entries), len(s.skipped)
	info, err := s.stat(p)
	switch {
	case err == nil && info.IsDir():
		s.walk(p)
	case err == nil:
		e, ok := s.entry(p, info.Size(), path.Base(filepath.ToSlash(p)))
		if !ok && len(s.config.Paths) > 1 { // a shell may have made the list of a glob
			s.skipped = append(s.skipped, p)
			return nil
		}
		if !ok {
			return unknownForm(p)
		}
		s.entries = append(s.entries, e)
		return nil
	case strings.ContainsAny(p, "*?["):
		matches, err := s.glob(p)
		if err != nil {
			return fmt.Errorf("%s: not a valid glob: %w", p, err)
		}
		for _, m := range matches {
			s.addMatch(m)
		}
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: no such file or folder", p)
	default:
		return fmt.Errorf("read files: %w", err)
	}
	if len(s.entries) == before {
		if n := len(s.skipped) - skippedBefore; n > 0 {
			return fmt.Errorf("%s: none of its %d files can be read as an article: want %s", p, n, known)
		}
		return fmt.Errorf("%s: no files there: want %s", p, known)
	}
	return nil
}

// addMatch adds what a glob found; what has no known form is skipped, as in a folder.
func (s *Source) addMatch(p string) {
	info, err := s.stat(p)
	if err == nil && info.IsDir() {
		s.walk(p)
		return
	}
	e, ok := entry{}, false
	if err == nil {
		e, ok = s.entry(p, info.Size(), path.Base(filepath.ToSlash(p)))
	}
	if !ok {
		s.skipped = append(s.skipped, p)
		return
	}
	s.entries = append(s.entries, e)
}

// walk adds the files of a folder. Links to files are followed, links to folders are not: they may
// form a loop. Hidden files and folders are left alone.
func (s *Source) walk(root string) {
	fsys, dir := s.config.FS, root
	if fsys == nil {
		fsys, dir = os.DirFS(root), "." // so that a root that is itself a link is followed
	}
	_ = fs.WalkDir(fsys, dir, func(p string, d fs.DirEntry, err error) error { // the function returns no error
		shown := p
		if s.config.FS == nil {
			shown = filepath.Join(root, filepath.FromSlash(p))
		}
		hidden := p != dir && strings.HasPrefix(path.Base(p), ".")
		switch {
		case err != nil: // a folder that can't be listed
			s.entries = append(s.entries, entry{path: shown, err: fmt.Errorf("list folder: %w", err)})
			return nil
		case d.IsDir() && hidden:
			return fs.SkipDir
		case d.IsDir(), hidden:
			return nil
		}
		rel := p
		if dir != "." {
			rel = strings.TrimPrefix(p, dir+"/")
		}
		e, ok := s.entry(shown, 0, rel)
		info, err := fs.Stat(fsys, p) // of what a link points at
		switch {
		case err != nil:
			e.err = err
		case !info.Mode().IsRegular():
			ok = false
		default:
			e.size = info.Size()
		}
		if ok {
			s.entries = append(s.entries, e)
		} else {
			s.skipped = append(s.skipped, shown)
		}
		return nil
	})
}

// entry is the file at p, and whether its name tells its form. rel is its slash-separated path
// below the folder that was named.
func (s *Source) entry(p string, size int64, rel string) (entry, bool) {
	base := strings.ToLower(filepath.Base(p))
	plain := strings.TrimSuffix(base, ".gz")
	form, ok := forms[path.Ext(plain)]
	if !ok {
		return entry{}, false
	}
	name := ""
	if form == TXT || form == HTML { // JSON has IDs of its own
		name = withoutExt(rel)
	}
	return entry{
		path: p, form: form, gz: plain != base, size: size, name: name,
		open: func() (io.ReadCloser, error) {
			if s.config.FS != nil {
				return s.config.FS.Open(p)
			}
			return os.Open(p)
		},
	}, true
}

// withoutExt drops .gz and the extension.
func withoutExt(p string) string {
	if strings.EqualFold(path.Ext(p), ".gz") {
		p = p[:len(p)-len(".gz")]
	}
	return strings.TrimSuffix(p, path.Ext(p))
}

// distinct drops files that are named twice, and tells apart those whose articles would have one ID
// and so would replace each other: a/x.txt and b/x.txt.
func distinct(entries []entry) []entry {
	paths, names := map[string]bool{}, map[string]bool{}
	out := entries[:0]
	for _, e := range entries {
		key := e.path
		if key != Stdin {
			key = filepath.Clean(key)
		}
		if paths[key] {
			continue
		}
		paths[key] = true
		if e.name != "" {
			slash := filepath.ToSlash(key)
			for _, n := range []string{e.name, withoutExt(slash), slash} {
				if e.name = n; !names[n] {
					break
				}
			}
			names[e.name] = true
		}
		out = append(out, e)
	}
	return out
}

func (s *Source) stat(p string) (fs.FileInfo, error) {
	if s.config.FS != nil {
		return fs.Stat(s.config.FS, p)
	}
	return os.Stat(p)
}

func (s *Source) glob(p string) ([]string, error) {
	if s.config.FS != nil {
		return fs.Glob(s.config.FS, p)
	}
	return filepath.Glob(p)
}

// Files is the number of files that were found.
func (s *Source) Files() int { return len(s.entries) }

// Total is the size of all files in bytes, packed ones as they are, -1 where standard input is
// among them.
func (s *Source) Total() int64 { return s.total }

// Position is how many of the Total bytes have been read. Safe at any time.
func (s *Source) Position() int64 { return s.read.Load() }

// Skipped are the files that were found in folders or by globs, or named among others, and have no known form.
func (s *Source) Skipped() []string { return slices.Clone(s.skipped) }

// Read returns the next messages.
func (s *Source) Read(ctx context.Context) (*pipeline.Batch, error) {
	b := &pipeline.Batch{}
	size := 0
	for size < s.config.BatchBytes && len(b.Messages) < s.config.BatchMessages {
		if err := ctx.Err(); err != nil {
			if len(b.Messages) > 0 {
				return b, nil
			}
			return nil, err
		}
		if s.cur == nil {
			if s.next == len(s.entries) {
				break
			}
			s.cur = s.reader(s.entries[s.next])
			s.next++
		}
		if len(b.Messages) > 0 && s.cur.live && s.cur.buffered() == 0 {
			break // what has come goes on at once; the rest may be a while
		}
		m, err := s.cur.message(ctx)
		switch {
		case errors.Is(err, io.EOF):
			s.cur.close()
			s.cur = nil
			continue
		case err != nil: // ctx is done
			return nil, err
		}
		b.Messages = append(b.Messages, m)
		size += len(m.Value)
	}
	if len(b.Messages) == 0 {
		return nil, io.EOF
	}
	return b, nil
}

// Commit does nothing.
func (s *Source) Commit(context.Context, *pipeline.Batch) error { return nil }

// Close closes the file that is being read. Standard input stays open.
func (s *Source) Close() error {
	if s.cur != nil {
		s.cur.close()
		s.cur = nil
	}
	return nil
}
