package elastic

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// Poll is what one poll of a feed came to, for dashboards.
type Poll struct {
	// Host names the process that polls.
	Host string
	// Time is when it was, and Took how long it took.
	Time time.Time
	Took time.Duration
	// URL and Title are the feed's.
	URL, Title string
	// Outcome is "new", "unchanged" or "failed"; of one that failed there are a word and a sentence
	// that say why.
	Outcome, Reason, Error string
	// Articles counts the new ones, PutOff those whose page could not be had for now.
	Articles, PutOff int
	// Failures is how many polls have failed one after the other, and Succeeded the last one that did
	// not; zero where there was none.
	Failures  int
	Succeeded time.Time
}

// maxError is the most of a failure's sentence that is kept, in code points: as much as the mapping
// takes.
const maxError = 1024

func (x *Index) feeds() string { return x.cfg.Prefix + "-feeds" }

// WritePolls keeps polls, a document each. The same poll may be told again: it is there once. ErrSetup
// says that setup has not made the index for them. It needs no privilege on the index beyond
// create_doc and view_index_metadata; what is old is deleted by WriteHealth.
func (x *Index) WritePolls(ctx context.Context, polls []Poll) error {
	if len(polls) == 0 {
		return nil
	}
	if !x.fed.Load() {
		if err := x.wantIndex(ctx, x.feeds()); err != nil {
			return fmt.Errorf("write polls: %w", err)
		}
		x.fed.Store(true)
	}
	ops := make([]told, len(polls))
	for i, p := range polls {
		f := node{
			"url": p.URL, "outcome": p.Outcome, "articles": p.Articles, "put_off": p.PutOff,
			"failures": p.Failures, "seconds": p.Took.Seconds(),
		}
		for name, v := range map[string]string{"title": p.Title, "reason": p.Reason, "error": cutRunes(p.Error, maxError)} {
			if v != "" {
				f[name] = v
			}
		}
		if !p.Succeeded.IsZero() {
			f["succeeded"] = p.Succeeded.UTC()
		}
		id := sha256.Sum256([]byte(p.Host + "\x00" + p.URL + "\x00" + p.Time.UTC().Format(time.RFC3339Nano)))
		ops[i] = told{hex.EncodeToString(id[:16]), node{"@timestamp": p.Time.UTC(), "host": node{"name": p.Host}, "feed": f}}
	}
	if err := x.tell(ctx, x.feeds(), ops); err != nil {
		return fmt.Errorf("write polls: %w", err)
	}
	return nil
}

// cutRunes is the first n code points of s.
func cutRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
