package extractor

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// MaxText is the default limit on an article's text, in bytes.
const MaxText = 2 << 20

// Article is a raw article.
type Article struct {
	ID       string
	URL      string
	Title    string
	Body     string // the text without the title
	Source   string // who published it: "example.org", "Harbour Post"
	Language string // BCP 47, where known
	// Published and Modified are zero where unknown. They keep the zone they were given in, for
	// "today" is the publisher's day.
	Published time.Time
	Modified  time.Time
}

// Text is the one string that all spans point into: title, blank line, body. It is the body alone
// where there is no title, or where the body opens with the title already, as it does in a stored
// record: a record read back as an article gives the same text.
func (a *Article) Text() string {
	if a.Title == "" || strings.HasPrefix(a.Body, a.Title+separator) {
		return a.Body
	}
	return a.Title + separator + a.Body
}

const separator = "\n\n"

// titleEnd is the number of bytes of Text that are the title.
func (a *Article) titleEnd() int { return len(a.Title) }

// Errors that Validate wraps.
var (
	ErrEmpty   = errors.New("the article has no text")
	ErrTooLong = errors.New("the article's text is too long")
	ErrUTF8    = errors.New("the article's text is not valid UTF-8")
)

// Validate reports why an article can't be extracted from: no text, more than maxText bytes of it
// (0: MaxText), or invalid UTF-8.
func (a *Article) Validate(maxText int) error {
	if maxText <= 0 {
		maxText = MaxText
	}
	if strings.TrimSpace(a.Body) == "" {
		return fmt.Errorf("%w: give it as \"text\" or \"html\"", ErrEmpty)
	}
	if n := len(a.Title) + len(a.Body); n > maxText {
		return fmt.Errorf("%w: %d bytes, over the limit of %d: split it or raise --max-text", ErrTooLong, n, maxText)
	}
	for _, s := range []string{a.Title, a.Body} {
		if i := invalidUTF8(s); i >= 0 {
			return fmt.Errorf("%w: byte %d is 0x%02x: convert it to UTF-8 first", ErrUTF8, i, s[i])
		}
	}
	return nil
}

// invalidUTF8 is the index of the first byte that is not valid UTF-8, -1 where all are.
func invalidUTF8(s string) int {
	if utf8.ValidString(s) {
		return -1
	}
	for i, r := range s {
		if r == utf8.RuneError {
			if _, w := utf8.DecodeRuneInString(s[i:]); w == 1 {
				return i
			}
		}
	}
	return -1
}
