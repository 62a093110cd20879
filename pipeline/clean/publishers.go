package clean

import (
	_ "embed"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Which of its headlines an article goes by is the publisher's habit. publishers.py has drawn the table from
// the parsers of Fundus.
//
//go:embed publishers.tsv
var publishersTSV string

// habit is where a publisher's pages have the article's title.
type habit struct {
	// from is "ld" (the JSON-LD headline), "h1", "title" (the elements), or "meta " and the key of a meta element.
	from  string
	until time.Time // the last day of it; zero: it is so today
}

// habits are those of each domain, the oldest first.
var habits = sync.OnceValue(func() map[string][]habit {
	all, err := readHabits(publishersTSV)
	if err != nil {
		panic(err) // the tests read it
	}
	return all
})

func readHabits(tsv string) (map[string][]habit, error) {
	all := map[string][]habit{}
	for line := range strings.Lines(tsv) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 2 && len(f) != 3 {
			return nil, fmt.Errorf("read publishers.tsv: %q has %d columns, want 2 or 3", line, len(f))
		}
		h := habit{from: f[1]}
		if key, ok := strings.CutPrefix(h.from, "meta "); h.from != "ld" && h.from != "h1" && h.from != "title" && (!ok || key == "") {
			return nil, fmt.Errorf("read publishers.tsv: %q is no place of a title", h.from)
		}
		if len(f) == 3 {
			day, err := time.Parse(time.DateOnly, f[2])
			if err != nil {
				return nil, fmt.Errorf("read publishers.tsv: %w", err)
			}
			h.until = day
		}
		all[f[0]] = append(all[f[0]], h)
	}
	return all, nil
}

// titleFrom is where a page of this address, published then, has the article's title; "" where nothing is
// known of its publisher. Without a day it is where it has it today.
func titleFrom(address string, published time.Time) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	host := strings.ToLower(u.Hostname())
	for host != "" {
		for _, h := range habits()[host] {
			if h.until.IsZero() || !published.IsZero() && !published.After(h.until.AddDate(0, 0, 1)) {
				return h.from
			}
		}
		_, host, _ = strings.Cut(host, ".") // www.example.org is example.org's
	}
	return ""
}

// usual is the headline at the place that titleFrom gives, as it is there.
func (t *tags) usual(from string, ld meta) string {
	switch key, isMeta := strings.CutPrefix(from, "meta "); {
	case isMeta:
		return t.meta[key]
	case from == "ld":
		return ld.title
	case from == "title":
		return t.title
	case from == "h1" && len(t.h1) > 0:
		return t.h1[0]
	}
	return ""
}
