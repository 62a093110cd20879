package feed

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// List is a file of feeds that a person keeps: OPML, as other readers import and export it, or plain
// text with a feed a line: its address, and where wanted how often it is polled and its title.
//
//	# Lagos
//	https://example.org/rss.xml 5m Lagos Morning Mail
//
// Changes are made in place, so that comments, folders and what other programs keep there stay.
type List struct {
	path string
	opml bool
	data []byte
}

// OpenList reads the list at path. It is OPML where its name ends in .opml or .xml, or it begins as
// XML does. Where there is no such file and it may be made, the list is empty.
func OpenList(path string, create bool) (*List, error) {
	l := &List{path: path}
	ext := strings.ToLower(filepath.Ext(path))
	l.opml = ext == ".opml" || ext == ".xml"
	b, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && create:
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("open list of feeds: %w: make it with `dateline feeds add`", err)
	case err != nil:
		return nil, fmt.Errorf("open list of feeds: %w", err)
	default:
		l.data = toUTF8(b, "")
		l.opml = l.opml || bytes.HasPrefix(bytes.TrimSpace(l.data), []byte("<"))
	}
	if l.opml && len(bytes.TrimSpace(l.data)) == 0 {
		l.data = []byte(emptyOPML)
	}
	if _, err := l.Feeds(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return l, nil
}

const emptyOPML = `<?xml version="1.0" encoding="utf-8"?>
<opml version="2.0">
  <head>
    <title>Feeds</title>
  </head>
  <body>
  </body>
</opml>
`

// Path is the file's.
func (l *List) Path() string { return l.path }

// Feeds are the list's feeds in its order, each once, folders flattened.
func (l *List) Feeds() ([]Feed, error) {
	if l.opml {
		outlines, _, err := readOPML(l.data)
		if err != nil {
			return nil, err
		}
		return distinctFeeds(outlines), nil
	}
	var feeds []Feed
	n := 0
	for line := range strings.Lines(string(l.data)) {
		n++
		f, ok, err := parseLine(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if ok {
			feeds = append(feeds, f)
		}
	}
	return uniqueFeeds(feeds), nil
}

// parseLine reads a line of a plain list, and reports whether it names a feed.
func parseLine(line string) (f Feed, ok bool, err error) {
	fields := strings.Fields(line)
	if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
		return Feed{}, false, nil
	}
	if f.URL, err = checkFeed(fields[0]); err != nil {
		return Feed{}, false, err
	}
	rest := fields[1:]
	if len(rest) > 0 {
		if d, err := time.ParseDuration(rest[0]); err == nil {
			if d <= 0 {
				return Feed{}, false, fmt.Errorf("feed %s: every %s: want more than 0", f.URL, d)
			}
			f.Interval, rest = d, rest[1:]
		}
	}
	f.Title = strings.Join(rest, " ")
	return f, true, nil
}

// Add adds a feed at the end, and reports whether it was not there yet.
func (l *List) Add(f Feed) (bool, error) {
	if _, err := checkFeed(f.URL); err != nil {
		return false, err
	}
	all, err := l.Feeds()
	if err != nil {
		return false, err
	}
	if slices.ContainsFunc(all, func(o Feed) bool { return o.URL == f.URL }) {
		return false, nil
	}
	if !l.opml {
		if n := len(l.data); n > 0 && l.data[n-1] != '\n' {
			l.data = append(l.data, '\n')
		}
		parts := []string{f.URL}
		if f.Interval > 0 {
			parts = append(parts, f.Interval.String())
		}
		if f.Title != "" {
			parts = append(parts, strings.Join(strings.Fields(f.Title), " "))
		}
		l.data = append(l.data, strings.Join(parts, " ")+"\n"...)
		return true, nil
	}
	_, end, err := readOPML(l.data)
	if err != nil {
		return false, err
	}
	var b bytes.Buffer
	b.Write(l.data[:end])
	writeOutline(&b, f)
	b.WriteString("  ")
	b.Write(l.data[end:])
	l.data = b.Bytes()
	return true, nil
}

func writeOutline(b *bytes.Buffer, f Feed) {
	attr := func(name, value string) {
		b.WriteString(" " + name + `="`)
		_ = xml.EscapeText(b, []byte(value)) // a buffer takes all
		b.WriteByte('"')
	}
	b.WriteString(`  <outline type="rss"`)
	attr("text", cmp.Or(f.Title, f.URL))
	attr("xmlUrl", f.URL)
	if f.Interval > 0 {
		attr("every", f.Interval.String())
	}
	b.WriteString("/>\n")
}

// Remove removes a feed wherever it is in the list, and reports whether it was there.
func (l *List) Remove(url string) (bool, error) {
	if !l.opml {
		var b strings.Builder
		found := false
		for line := range strings.Lines(string(l.data)) {
			if fields := strings.Fields(line); len(fields) > 0 && fields[0] == url {
				found = true
				continue
			}
			b.WriteString(line)
		}
		l.data = []byte(b.String())
		return found, nil
	}
	outlines, _, err := readOPML(l.data)
	if err != nil {
		return false, err
	}
	found := false
	for _, o := range slices.Backward(outlines) { // from the end, so that places stay true
		if o.URL != url {
			continue
		}
		if o.parent {
			return false, fmt.Errorf("feed %s has others below it in %s: take it out by hand", url, l.path)
		}
		start, end := o.start, o.end
		for start > 0 && (l.data[start-1] == ' ' || l.data[start-1] == '\t') {
			start--
		}
		if end < len(l.data) && l.data[end] == '\n' {
			end++
		}
		l.data = slices.Concat(l.data[:start], l.data[end:])
		found = true
	}
	return found, nil
}

// Save writes the list back, all of it or nothing.
func (l *List) Save() error {
	path := l.path
	if real, err := filepath.EvalSymlinks(path); err == nil { // a link stays one
		path = real
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".feeds-*")
	if err != nil {
		return fmt.Errorf("save list of feeds %s: its folder can't be written to: %w", path, err)
	}
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	_, err = f.Write(l.data)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the first error counts
		return fmt.Errorf("save list of feeds: %w", err)
	}
	return nil
}

// WriteOPML writes feeds as OPML 2.0, for other readers.
func WriteOPML(w io.Writer, feeds []Feed) error {
	l := &List{opml: true, data: []byte(emptyOPML)}
	for _, f := range feeds {
		if _, err := l.Add(f); err != nil {
			return err
		}
	}
	if _, err := w.Write(l.data); err != nil {
		return fmt.Errorf("write OPML: %w", err)
	}
	return nil
}

// outline is a feed in OPML, and where it is.
type outline struct {
	Feed
	start, end int
	parent     bool // it has outlines below it
}

// maxOutlines bounds how deep outlines may be in one another.
const maxOutlines = 64

// readOPML reads OPML 1.0 to 2.0 as it is: with loose ampersands and entities of HTML. end is where
// the body's closing tag begins.
func readOPML(b []byte) (all []outline, end int, err error) {
	d := xml.NewDecoder(bytes.NewReader(b))
	d.Strict = false
	d.Entity = xml.HTMLEntity
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // it is UTF-8 already
	var open []int                                                                     // indices into all of the outlines that are open, -1 for a folder
	opml, body := false, false
	for {
		before := int(d.InputOffset())
		tok, err := d.Token()
		if errors.Is(err, io.EOF) && opml && end > 0 {
			return all, end, nil
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = errors.New("it has no <opml> with a <body>")
			}
			return nil, 0, fmt.Errorf("parse OPML: %w", err)
		}
		switch t := tok.(type) {
		case xml.StartElement:
			switch name := strings.ToLower(t.Name.Local); {
			case !opml && name != "opml":
				return nil, 0, fmt.Errorf("parse OPML: it begins with <%s>, want <opml>", name)
			case name == "opml":
				opml = true
			case name == "body":
				body = true
			case name == "outline" && body:
				if len(open) == maxOutlines {
					return nil, 0, fmt.Errorf("parse OPML: outlines are more than %d deep", maxOutlines)
				}
				for _, i := range open {
					if i >= 0 {
						all[i].parent = true
					}
				}
				f, ok := outlineFeed(t)
				if !ok {
					open = append(open, -1)
					continue
				}
				open = append(open, len(all))
				all = append(all, outline{Feed: f, start: before})
			}
		case xml.EndElement:
			switch name := strings.ToLower(t.Name.Local); {
			case name == "outline" && len(open) > 0:
				if i := open[len(open)-1]; i >= 0 {
					all[i].end = int(d.InputOffset())
				}
				open = open[:len(open)-1]
			case name == "body":
				end, body = before, false
			}
		}
	}
}

// outlineFeed is the feed that an outline names.
func outlineFeed(t xml.StartElement) (f Feed, ok bool) {
	text := ""
	for _, a := range t.Attr {
		switch strings.ToLower(a.Name.Local) {
		case "xmlurl":
			f.URL = strings.TrimSpace(a.Value)
		case "title":
			f.Title = line(a.Value)
		case "text":
			text = line(a.Value)
		case "every":
			if d, err := time.ParseDuration(a.Value); err == nil && d > 0 {
				f.Interval = d
			}
		}
	}
	f.Title = cmp.Or(f.Title, text)
	return f, f.URL != ""
}

func distinctFeeds(outlines []outline) []Feed {
	feeds := make([]Feed, len(outlines))
	for i, o := range outlines {
		feeds[i] = o.Feed
	}
	return uniqueFeeds(feeds)
}

// uniqueFeeds are the first feeds of each address.
func uniqueFeeds(feeds []Feed) []Feed {
	var out []Feed
	seen := map[string]bool{}
	for _, f := range feeds {
		if !seen[f.URL] {
			seen[f.URL] = true
			out = append(out, f)
		}
	}
	return out
}
