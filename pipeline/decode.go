package pipeline

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/datelinenews/dateline/extractor"
	"github.com/datelinenews/dateline/pipeline/clean"
)

// MaxID is the most bytes of an article's ID: Elasticsearch takes no longer ones.
const MaxID = 512

// ErrEmptyMessage is what Decode wraps for a message without bytes.
var ErrEmptyMessage = errors.New("it is empty: there is no article in it")

// Decode reads a message as an article. The formats:
//
//   - JSON: an object with "text" or "html", and "id", "url", "title", "published", "modified",
//     "source" and "language", all strings, null or absent; other fields are ignored, so that the
//     records that `extract` prints can be read again. Of text and html, text counts. One that has
//     neither may be a schema.org article in JSON-LD, or an item in ninjs.
//   - Text: the body, byte for byte, without a title.
//   - HTML: a page; see package clean.
//
// Without an ID of its own, an article has one made from its URL, else the message's Name, else one
// made from source, title and text: the same article has the same ID however often it comes. An ID
// over MaxID bytes is replaced by its hash.
//
// Warnings say what was passed over: a time that can't be read is no time. Decode checks UTF-8, for
// JSON would else be mended in silence, but not the text's length: see Article.Validate.
func Decode(m Message) (a *extractor.Article, warnings []string, err error) {
	if len(m.Value) == 0 {
		return nil, nil, ErrEmptyMessage
	}
	switch m.Format {
	case JSON, "":
		a, warnings, err = decodeJSON(m.Value)
	case Text:
		a, err = decodeText(m.Value)
	case HTML:
		a, err = decodeHTML(m.Value)
	default:
		err = fmt.Errorf("unknown format %q: want json, txt or html", m.Format)
	}
	if err != nil {
		return nil, warnings, err
	}
	if warning := setID(a, m.Name); warning != "" {
		warnings = append(warnings, warning)
	}
	return a, warnings, nil
}

func decodeText(b []byte) (*extractor.Article, error) {
	b, err := checkUTF8(b)
	if err != nil {
		return nil, err
	}
	if i := bytes.IndexByte(b, 0); i >= 0 {
		return nil, Fault(KindEncoding, fmt.Errorf("byte %d is NUL: this is binary data, not text", i))
	}
	return &extractor.Article{Body: string(b)}, nil
}

func decodeHTML(b []byte) (*extractor.Article, error) {
	p, err := clean.Parse(b, "", "")
	if err != nil {
		return nil, htmlFault(err)
	}
	return pageArticle(p), nil
}

// htmlFault says that a page can't be read, unless it is too long.
func htmlFault(err error) error {
	if errors.Is(err, clean.ErrTooBig) {
		return err
	}
	return Fault(KindHTML, err)
}

func pageArticle(p *clean.Page) *extractor.Article {
	return &extractor.Article{
		URL: p.URL, Title: p.Title, Body: p.Text, Source: p.Source, Language: p.Language,
		Published: p.Published, Modified: p.Modified,
	}
}

// checkUTF8 drops a byte order mark, and says where and how b is not UTF-8.
func checkUTF8(b []byte) ([]byte, error) {
	if bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff")) {
		return nil, fmt.Errorf("%w: it is UTF-16: convert it first (iconv -f utf-16 -t utf-8)", extractor.ErrUTF8)
	}
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	if utf8.Valid(b) {
		return b, nil
	}
	i := invalidUTF8(b)
	if bytes.IndexByte(b[:min(len(b), 4096)], 0) >= 0 {
		return nil, fmt.Errorf("%w: byte %d is 0x%02x, and there are NULs: this is binary data, not text", extractor.ErrUTF8, i, b[i])
	}
	return nil, fmt.Errorf("%w: byte %d is 0x%02x: convert it first (iconv -f windows-1252 -t utf-8, or what it is in)", extractor.ErrUTF8, i, b[i])
}

// invalidUTF8 is the index of b's first byte that is not valid UTF-8.
func invalidUTF8(b []byte) int {
	for i := 0; i < len(b); {
		r, w := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && w <= 1 {
			return i
		}
		i += w
	}
	return len(b)
}

// rawArticle is the JSON form's fields, as they were given.
type rawArticle struct {
	id, url, title, text, html, source, language string
	hasText                                      bool
	published, modified                          json.RawMessage
	all                                          map[string]json.RawMessage
	bad                                          error // the first field that is not what it must be
}

func decodeJSON(b []byte) (*extractor.Article, []string, error) {
	b, err := checkUTF8(b)
	if err != nil {
		return nil, nil, err
	}
	raw, err := readFields(b)
	if err != nil {
		return nil, nil, err
	}
	if !raw.hasText && raw.html == "" {
		if a, warnings, ok, err := otherForm(b, raw.all); ok {
			return a, warnings, err
		}
	}
	if raw.bad != nil {
		return nil, nil, raw.bad
	}
	a := &extractor.Article{
		URL: raw.url, Title: raw.title, Body: raw.text, Source: raw.source, Language: raw.language, ID: raw.id,
	}
	var warnings []string
	for _, d := range []struct {
		field string
		raw   json.RawMessage
		into  *time.Time
	}{{"published", raw.published, &a.Published}, {"modified", raw.modified, &a.Modified}} {
		t, ok := parseTime(d.raw)
		if !ok {
			warnings = append(warnings, fmt.Sprintf("%q is %s: not an RFC 3339 time or date, so taken as unknown", d.field, shorten(string(d.raw))))
		}
		*d.into = t
	}
	if !raw.hasText && raw.html != "" {
		p, err := clean.Parse([]byte(raw.html), "text/html; charset=utf-8", raw.url)
		if err != nil {
			return nil, warnings, fmt.Errorf("\"html\": %w", htmlFault(err))
		}
		fill(a, pageArticle(p))
	}
	return a, warnings, nil
}

// fill gives a what only the page knows.
func fill(a, page *extractor.Article) {
	for _, f := range []struct {
		into *string
		from string
	}{{&a.URL, page.URL}, {&a.Title, page.Title}, {&a.Source, page.Source}, {&a.Language, page.Language}} {
		if *f.into == "" {
			*f.into = f.from
		}
	}
	a.Body = page.Body
	if a.Published.IsZero() {
		a.Published = page.Published
	}
	if a.Modified.IsZero() {
		a.Modified = page.Modified
	}
}

// readFields reads the top level by hand, for encoding/json takes duplicate names and names in
// other case without a word, and its errors don't name the field.
func readFields(b []byte) (*rawArticle, error) {
	if i := tooDeep(b); i >= 0 {
		return nil, Fault(KindTooDeep, fmt.Errorf("the JSON is nested more than %d deep at byte %d: an article is a flat object", maxDepth, i))
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	tok, err := dec.Token()
	if err != nil {
		return nil, jsonError(b, err)
	}
	if tok != json.Delim('{') {
		hint := ""
		if tok == json.Delim('[') {
			hint = " (a file that is an array of them is named .json)"
		}
		return nil, Fault(KindWrongType, fmt.Errorf("not an article: the JSON is %s, want an object with \"text\" or \"html\"%s", kind(tok), hint))
	}
	raw := &rawArticle{all: map[string]json.RawMessage{}}
	fields := map[string]*string{
		"id": &raw.id, "url": &raw.url, "title": &raw.title, "text": &raw.text, "html": &raw.html,
		"source": &raw.source, "language": &raw.language,
	}
	times := map[string]*json.RawMessage{"published": &raw.published, "modified": &raw.modified}
	seen := map[string]bool{}
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return nil, jsonError(b, err)
		}
		name, _ := tok.(string)
		var v json.RawMessage
		if err := dec.Decode(&v); err != nil {
			return nil, fmt.Errorf("field %q: %w", shorten(name), jsonError(b, err))
		}
		raw.all[name] = v
		into, at := fields[name], times[name]
		if into == nil && at == nil {
			continue
		}
		if seen[name] {
			return nil, Fault(KindWrongType, fmt.Errorf("field %q is given twice: give it once", name))
		}
		seen[name] = true
		switch {
		case string(v) == "null":
		case at != nil:
			*at = v
		case v[0] != '"':
			return nil, Fault(KindWrongType, fmt.Errorf("field %q is %s, want a string", name, kindOf(v)))
		default:
			if err := json.Unmarshal(v, into); err != nil {
				return nil, Fault(KindWrongType, fmt.Errorf("field %q: %w", name, err))
			}
			raw.hasText = raw.hasText || name == "text" && strings.TrimSpace(*into) != ""
		}
	}
	if _, err := dec.Token(); err != nil { // the closing brace
		return nil, jsonError(b, err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, Fault(KindNotJSON, fmt.Errorf("there is more after the JSON object, from byte %d: one message is one article (a file of one a line is named .jsonl)", dec.InputOffset()))
	}
	return raw, nil
}

// jsonError says where JSON ends early or goes wrong.
func jsonError(b []byte, err error) error {
	switch {
	case errors.Is(err, io.EOF) && len(bytes.TrimSpace(b)) == 0:
		return ErrEmptyMessage
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Fault(KindCut, fmt.Errorf("the JSON ends early, after %d bytes: it was cut; send it whole (a file whose articles run over several lines is named .json)", len(b)))
	}
	// A decoder's offsets are not of the whole, Unmarshal's are.
	var syntax *json.SyntaxError
	if errors.As(json.Unmarshal(b, &json.RawMessage{}), &syntax) {
		return Fault(KindNotJSON, fmt.Errorf("not valid JSON at byte %d: %w", max(syntax.Offset-1, 0), syntax))
	}
	return Fault(KindNotJSON, fmt.Errorf("not valid JSON: %w", err))
}

// maxDepth is how deeply the JSON of an article may be nested. A record has 4.
const maxDepth = 100

// tooDeep is the byte at which b, if it is JSON, is nested more than maxDepth deep, -1 where none is.
func tooDeep(b []byte) int {
	depth, inString := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return i
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return -1
}

func kind(tok json.Token) string {
	switch tok := tok.(type) {
	case json.Delim:
		return "an array"
	case string:
		return "a string"
	case bool:
		return strconv.FormatBool(tok)
	case nil:
		return "null"
	}
	return "a number"
}

func kindOf(v json.RawMessage) string {
	switch v[0] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case 't', 'f':
		return string(v)
	}
	return "the number " + shorten(string(v))
}

// shorten cuts what a message quotes from its input.
func shorten(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	n := most
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// timeLayouts are what published and modified may be: RFC 3339, the same without a zone, or with a
// space, or less precise, or a bare date. Fractions of a second are read by all.
var timeLayouts = []string{
	time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05Z0700", "2006-01-02T15:04Z07:00",
	"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02",
}

// parseTime reads a time; what has no zone is UTC. Absent is the zero time and true.
func parseTime(raw json.RawMessage) (time.Time, bool) {
	if raw == nil {
		return time.Time{}, true
	}
	var s string
	if raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return time.Time{}, false
	}
	return ParseTime(s)
}

// ParseTime reads a time as raw articles give it: RFC 3339, a date-time without zone, or a bare
// date (both UTC). The empty string is the zero time and true.
func ParseTime(s string) (time.Time, bool) {
	s = strings.ToUpper(strings.TrimSpace(s)) // RFC 3339 allows "t" and "z"
	if s == "" {
		return time.Time{}, true
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			if _, err := t.MarshalText(); err != nil { // a zone of 24 hours
				return time.Time{}, false
			}
			return t, true
		}
	}
	return time.Time{}, false
}

// setID gives a its ID where it has none that can be used.
func setID(a *extractor.Article, name string) (warning string) {
	switch {
	case strings.TrimSpace(a.ID) != "":
	case strings.TrimSpace(a.URL) != "":
		a.ID = hash("url", normalURL(a.URL))
	case name != "":
		a.ID = name
	default:
		a.ID = hash("content", a.Source, a.Title, a.Body)
	}
	if n := len(a.ID); n > MaxID {
		a.ID = hash("id", a.ID)
		return fmt.Sprintf("the ID has %d bytes, over the %d that an index takes: its hash %s replaces it", n, MaxID, a.ID)
	}
	return ""
}

// hash is the first 128 bits of the SHA-256 of the parts, in hexadecimal.
func hash(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(p), p) // a hash's Write never fails
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// normalURL makes the spellings of one address one: the case of scheme and host, a fragment, a
// default port.
func normalURL(s string) string {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil || u.Host == "" {
		return strings.TrimSpace(s)
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	u.Fragment, u.RawFragment = "", ""
	if p := u.Port(); p == "80" && u.Scheme == "http" || p == "443" && u.Scheme == "https" {
		u.Host = strings.TrimSuffix(u.Host, ":"+p)
	}
	return u.String()
}
