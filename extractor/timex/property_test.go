package timex

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// spanOf reads a TIMEX3 value anew, without the code under test: the stretch that it stands for,
// in no zone. known is false where the value denotes none.
func spanOf(value string) (from, to time.Time, known bool) {
	if a, b, ok := strings.Cut(value, "/"); ok {
		from, _, k1 := spanOf(a)
		_, to, k2 := spanOf(b)
		return from, to, k1 && k2
	}
	num := func(s string) int { n, _ := strconv.Atoi(s); return n }
	day := func(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC) }
	for _, f := range []struct {
		form string
		span func(m []string) (time.Time, time.Time)
	}{
		{`^(\d{4})-(\d\d)-(\d\d)$`, func(m []string) (time.Time, time.Time) {
			d := day(num(m[1]), num(m[2]), num(m[3]))
			return d, d.AddDate(0, 0, 1)
		}},
		{`^(\d{4})-(\d\d)$`, func(m []string) (time.Time, time.Time) {
			d := day(num(m[1]), num(m[2]), 1)
			return d, d.AddDate(0, 1, 0)
		}},
		{`^(\d{4})$`, func(m []string) (time.Time, time.Time) {
			d := day(num(m[1]), 1, 1)
			return d, d.AddDate(1, 0, 0)
		}},
		{`^(\d{3})$`, func(m []string) (time.Time, time.Time) {
			d := day(num(m[1])*10, 1, 1)
			return d, d.AddDate(10, 0, 0)
		}},
		{`^(\d\d)$`, func(m []string) (time.Time, time.Time) {
			return day(max(num(m[1])*100, 1), 1, 1), day(num(m[1])*100+100, 1, 1)
		}},
		{`^(\d{4})-W(\d\d)(-WE)?$`, func(m []string) (time.Time, time.Time) {
			d := day(num(m[1]), 1, 4)
			d = d.AddDate(0, 0, -int(d.Weekday()+6)%7+7*(num(m[2])-1))
			if m[3] != "" {
				return d.AddDate(0, 0, 5), d.AddDate(0, 0, 7)
			}
			return d, d.AddDate(0, 0, 7)
		}},
		{`^(\d{4})-Q([1-4])$`, func(m []string) (time.Time, time.Time) {
			d := day(num(m[1]), num(m[2])*3-2, 1)
			return d, d.AddDate(0, 3, 0)
		}},
		{`^(\d{4})-H([12])$`, func(m []string) (time.Time, time.Time) {
			d := day(num(m[1]), num(m[2])*6-5, 1)
			return d, d.AddDate(0, 6, 0)
		}},
		{`^(\d{4})-(SP|SU|FA|WI)$`, func(m []string) (time.Time, time.Time) {
			d := day(num(m[1]), map[string]int{"SP": 3, "SU": 6, "FA": 9, "WI": 12}[m[2]], 1)
			return d, d.AddDate(0, 3, 0)
		}},
		{`^(\d{4})-(\d\d)-(\d\d)T(MO|MI|AF|EV|NI|DT)$`, func(m []string) (time.Time, time.Time) {
			h := map[string][2]int{"MO": {6, 12}, "MI": {11, 13}, "AF": {12, 18}, "EV": {18, 22}, "NI": {22, 30}, "DT": {6, 18}}[m[4]]
			d := day(num(m[1]), num(m[2]), num(m[3]))
			return d.Add(time.Duration(h[0]) * time.Hour), d.Add(time.Duration(h[1]) * time.Hour)
		}},
		{`^(\d{4})-(\d\d)-(\d\d)T(\d\d)(?::(\d\d))?(?::(\d\d))?$`, func(m []string) (time.Time, time.Time) {
			d := time.Date(num(m[1]), time.Month(num(m[2])), num(m[3]), num(m[4]), num(m[5]), num(m[6]), 0, time.UTC)
			switch {
			case m[6] != "":
				return d, d.Add(time.Second)
			case m[5] != "":
				return d, d.Add(time.Minute)
			}
			return d, d.Add(time.Hour)
		}},
	} {
		re, ok := forms[f.form]
		if !ok {
			re = regexp.MustCompile(f.form)
			forms[f.form] = re
		}
		if m := re.FindStringSubmatch(value); m != nil {
			from, to = f.span(m)
			return from, to, true
		}
	}
	return from, to, false
}

var (
	forms  = map[string]*regexp.Regexp{}
	bodies = regexp.MustCompile(`(?i)fiscal|financial|budget|tax|fy|school|academic`)
)

// agrees reports how the value and the interval of a date are at odds, if they are. The zone of
// the article is UTC.
func agrees(d *Date) string {
	from, to, known := spanOf(d.Value)
	if strings.Contains(d.Value, "X") || d.Type == TypeDuration || d.Type == TypeSet || strings.HasSuffix(d.Value, "_REF") {
		if !d.From.IsZero() {
			return "an interval of what is not known"
		}
		return ""
	}
	if known && from.IsZero() && d.From.IsZero() {
		return "" // the year 1 starts at the zero time
	}
	if !known || from.Year() < 1 {
		if !d.From.IsZero() {
			return "an interval, but no value that denotes one"
		}
		if !strings.HasPrefix(d.Value, "FY") && !strings.HasPrefix(d.Value, "BC") && !strings.HasPrefix(d.Value, "0000") {
			return "a value of no known form"
		}
		return ""
	}
	if d.From.IsZero() {
		if bodies.MatchString(d.Text) {
			return "" // whose years start when their bodies say
		}
		return "no interval"
	}
	if d.Type == TypeTime { // its zone may be the text's
		if off := d.From.Sub(from); off < -16*time.Hour || off > 16*time.Hour {
			return fmt.Sprintf("starts %v off", off)
		}
		from, to = d.From, d.From.Add(to.Sub(from))
		if d.Mod == "START" || d.Mod == "MID" || d.Mod == "END" {
			return ""
		}
	}
	third := to.Sub(from) / 3
	near := func(a, b time.Time) bool { g := a.Sub(b); return -time.Second < g && g < time.Second }
	switch d.Mod {
	case "START":
		to = from.Add(third)
	case "MID":
		from, to = from.Add(third), to.Add(-third)
	case "END":
		from = to.Add(-third)
	}
	if !near(d.From, from) || !near(d.To, to) {
		return fmt.Sprintf("the value is %v to %v", from, to)
	}
	return ""
}

// TestValueInterval reads the interval back from the value, in every example and every article of
// the repository and of the corpora.
func TestValueInterval(t *testing.T) {
	p := parser(t)
	texts := map[string]string{}
	for i := range load().rules {
		r := &load().rules[i]
		texts[r.group+"/"+r.name] = r.example
	}
	paths, _ := filepath.Glob("../../testdata/articles/*")
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[path] = string(raw)
	}
	n := 0
	for name, text := range texts {
		for _, published := range []time.Time{asOf, {}, time.Date(2024, 2, 29, 23, 59, 59, 0, time.UTC), time.Date(2020, 12, 31, 0, 0, 0, 0, time.UTC)} {
			for _, d := range Find(p.Parse(text, 0), published) {
				n++
				if odds := agrees(&d); odds != "" {
					t.Errorf("%s, as of %v: %q is %s %s, %v to %v: %s", name, published.Format(time.DateOnly), d.Text, d.Value, d.Mod, d.From, d.To, odds)
				}
			}
		}
	}
	if n < 1000 {
		t.Errorf("only %d dates", n)
	}
}

// TestNoClock: nothing in the package asks what time it is or where it runs.
func TestNoClock(t *testing.T) {
	paths, err := filepath.Glob("*.go")
	if err != nil || len(paths) == 0 {
		t.Fatal("no source: ", err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"time.Now", "time.Local", "time.Since", "time.LoadLocation", "os.", "rand."} {
			if strings.Contains(string(raw), word) {
				t.Errorf("%s uses %s", path, word)
			}
		}
	}
}

// TestMegabyte: a line of a megabyte takes no more steps a token than a short one.
func TestMegabyte(t *testing.T) {
	if testing.Short() {
		t.Skip("parses megabytes")
	}
	p := parser(t)
	for _, unit := range []string{"of ", "1", "1 ", "2019-", "May 1, ", "٣", "two hundred and ", "“1984", "in the last week of "} {
		doc := p.Parse(strings.Repeat(unit, 1<<20/len(unit)), 0)
		f := &finder{}
		start := time.Now()
		ds := f.find(doc, asOf, Options{})
		took := time.Since(start)
		checkDates(t, doc, ds)
		perToken := float64(f.m.steps) / float64(len(doc.Tokens))
		t.Logf("%-22q %7d tokens, %6d dates, %7.1f steps a token, %v", unit, len(doc.Tokens), len(ds), perToken, took.Round(time.Millisecond))
		if perToken > 1500 || took > 20*time.Second {
			t.Errorf("%q: %.0f steps a token, %v", unit, perToken, took)
		}
	}
}

// TestAllocations: what is not a date costs no memory.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	p := parser(t)
	doc := p.Parse(strings.Repeat("The council of the second district has said, for the most part, that a third of the 1,250 houses may fall down. ", 400), 0)
	if ds := Find(doc, asOf); len(ds) > 0 {
		t.Fatalf("%d dates, the first %q", len(ds), ds[0].Text)
	}
	if n := testing.AllocsPerRun(20, func() { Find(doc, asOf) }); n > 2 {
		t.Errorf("%.0f allocations for %d tokens without a date", n, len(doc.Tokens))
	}
}
