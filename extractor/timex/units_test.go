package timex

import (
	"bufio"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// tally counts what a family of utterances gave.
type tally struct{ pass, fail, skipped int }

func readLines(t *testing.T, path string, each func([]byte)) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<22)
	for sc.Scan() {
		each(sc.Bytes())
	}
}

// bare is an expression without the prepositions and articles that corpora count in.
func bare(s string) string {
	s = strings.ToLower(strings.Trim(s, " ,.~"))
	for {
		cut := s
		for _, p := range []string{"on ", "in ", "at ", "the ", "from ", "during ", "since ", "for ", "by ", "of ", "within ", "my ", "sometime ", "starting ", "start ", "begins "} {
			cut = strings.TrimPrefix(cut, p)
		}
		if cut == s {
			return s
		}
		s = cut
	}
}

// TestRecognizers reads the English DateTimeModel specification of Microsoft's Recognizers-Text:
// utterances to an assistant. A line passes where every expected expression is found, with the
// same span (but for prepositions) and the same timex, or the same interval. Lines that its
// reference implementation does not support or resolve, and ones with two readings, are skipped
// and counted.
func TestRecognizers(t *testing.T) {
	type value struct{ Timex, Type, Value, Start, End, Mod string }
	p := parser(t)
	families := map[string]*tally{}
	order := []string{"date", "unit of the calendar", "distance", "notation", "range", "duration", "set", "time", "timerange", "datetime", "datetimerange", "nothing", "several"}
	for _, f := range order {
		families[f] = new(tally)
	}
	unsupported, ambiguous := 0, 0
	readLines(t, corpora(t)+"/data/dates/recognizers/DateTimeModel.jsonl", func(line []byte) {
		var d struct {
			Text, Ref    string
			NotSupported *string `json:"not_supported"`
			Expected     []struct {
				Text, Type string
				Values     []value
			}
		}
		if err := json.Unmarshal(line, &d); err != nil {
			t.Fatal(err)
		}
		family := "nothing"
		readings := 1
		for _, x := range d.Expected {
			f := x.Type[strings.LastIndex(x.Type, ".")+1:]
			if family != "nothing" && family != f {
				f = "several"
			}
			switch {
			case (f == "date" || f == "daterange") && notation.MatchString(strings.ToLower(d.Text)):
				f = "notation"
			case (f == "date" || f == "daterange") && distance.MatchString(strings.ToLower(x.Text)):
				f = "distance"
			case f == "daterange" && len(x.Values) > 0 && strings.HasPrefix(x.Values[0].Timex, "("), f == "daterange" && span.MatchString(strings.ToLower(x.Text)):
				f = "range"
			case f == "daterange":
				f = "unit of the calendar"
			}
			family = f
			readings = max(readings, len(x.Values))
		}
		count := families[family]
		if count == nil {
			count = families["several"]
		}
		switch {
		case d.NotSupported != nil && strings.Contains(*d.NotSupported, "dotnet") || unresolved(line):
			unsupported++
			count.skipped++
			return
		case readings > 1:
			ambiguous++
			count.skipped++
			return
		}
		got := Find(p.Parse(d.Text, 0), parseTime(d.Ref))
		ok := len(got) == 0 || len(d.Expected) > 0
		for _, x := range d.Expected {
			found := false
			for _, g := range got {
				for _, v := range x.Values {
					found = found || bare(g.Text) == bare(x.Text) && (same(g, v.Timex, v.Start, v.End) || strings.HasPrefix(v.Timex, "XXXX") && g.Value == v.Value)
				}
			}
			ok = ok && found
		}
		if ok {
			count.pass++
			return
		}
		count.fail++
		if os.Getenv("DATELINE_ERRORS") == "recognizers/"+family {
			t.Logf("ERR %s %q (%s): got %s want %+v", family, d.Text, d.Ref, short(got), d.Expected)
		}
	})
	for _, f := range order {
		c := families[f]
		t.Logf("%-14s %3d pass %3d fail %3d skipped", f, c.pass, c.fail, c.skipped)
	}
	t.Logf("skipped: %d unsupported or unresolved in the specification, %d with two readings", unsupported, ambiguous)
	c := tally{pass: families["date"].pass + families["unit of the calendar"].pass, fail: families["date"].fail + families["unit of the calendar"].fail}
	t.Logf("calendar: %d of %d pass", c.pass, c.pass+c.fail)
	if n := c.pass + c.fail; n < 100 || 100*c.pass < recognizersFloor*n {
		t.Errorf("calendar dates: %d of %d pass", c.pass, n)
	}
}

// distance matches what lies so many units from now or from another day. Gold news counts the
// length and the day apart ("two weeks before May 3" is P2W and 2025-05-03), and so do we.
var distance = regexp.MustCompile(`\b(from|after|before|since|hence|back|ago|upcoming|within|rest of|less than|more than)\b|^in \S+ (day|week|month|year|quarter|fortnight|business)|^in \S+ \S+ (day|week|month|year)s|^(the )?(next|last|past|previous|coming|following|first) (\d+|two|three|four|five|six|ten|couple|few)\b|^(two|2|three) `)

// notation matches what people type to a machine and newspapers do not print: shorthand,
// comparisons, addresses, names of files.
var notation = regexp.MustCompile(`\botd\b|\beo[ymd]\b|\bcy ?\d|[<>=]|www\.|\.xlsx|\bgreater\b`)

// span matches what runs from one point to another, or on from one.
var span = regexp.MustCompile(`\b(to|through|thru|till|until|between|and|onwards?|later|earlier)\b|~|^(from|after|before|since|starting|by|prior) | - |\d-\d`)

// unresolved reports whether a line expects a date that does not exist.
func unresolved(line []byte) bool { return strings.Contains(string(line), `"not resolved"`) }

const recognizersFloor = 80 // percent

func short(ds []Date) string {
	var out []string
	for _, d := range ds {
		out = append(out, d.Text+"="+d.Value)
	}
	return strings.Join(out, " | ")
}

// same reports whether a date has the timex, or the interval.
func same(d Date, timex, start, end string) bool {
	if d.Value == timex {
		return true
	}
	if d.From.IsZero() || start == "" || end == "" {
		return false
	}
	return d.From.Equal(parseSpaced(start)) && d.To.Equal(parseSpaced(end))
}

func parseSpaced(s string) time.Time {
	return parseTime(strings.Replace(s, " ", "T", 1))
}

// TestDuckling reads the English corpus of Facebook's Duckling: bare phrases with the time they
// stand for. A phrase passes where it is one expression of the right start and granularity. The
// assistant reads what has no year as the next one to come; news, as the last: phrases without a
// year or a direction are counted apart.
func TestDuckling(t *testing.T) {
	p := parser(t)
	families := map[string]*tally{}
	order := []string{"day", "week", "month", "quarter", "year", "distance", "abbreviation alone", "holiday", "time of day", "interval", "latent"}
	for _, f := range order {
		families[f] = new(tally)
	}
	readLines(t, corpora(t)+"/data/dates/duckling/en_corpus.jsonl", func(line []byte) {
		var d struct {
			Section, Text, Ref string
			Value              struct {
				Kind, Grain string
				Times       []string
			}
		}
		if err := json.Unmarshal(line, &d); err != nil {
			t.Fatal(err)
		}
		family := d.Value.Grain
		switch {
		case d.Section != "defaultCorpus" && d.Section != "allExamples":
			family = "latent"
		case d.Value.Kind == "datetimeHoliday":
			family = "holiday"
		case d.Value.Kind != "datetime" || len(d.Value.Times) != 1:
			family = "interval"
		case distance.MatchString(strings.ToLower(d.Text)):
			family = "distance"
		case shortWeekday(d.Text):
			family = "abbreviation alone"
		case family == "hour" || family == "minute" || family == "second":
			family = "time of day"
		}
		c := families[family]
		if family == "interval" || family == "latent" {
			c.skipped++
			return
		}
		got := Find(p.Parse(d.Text, 0), parseTime(d.Ref))
		want := parseTime(d.Value.Times[0])
		if family == "time of day" {
			want = want.Add(2 * time.Hour) // the corpus is told in the reference's zone
		}
		whole := len(got) == 1 && bare(got[0].Text) == bare(d.Text)
		switch {
		case whole && got[0].From.Equal(want):
			c.pass++
		case whole && open(d.Text):
			c.skipped++
		default:
			c.fail++
			if os.Getenv("DATELINE_ERRORS") == "duckling/"+family {
				t.Logf("ERR %s %q: got %s want %s", family, d.Text, short(got), d.Value.Times[0])
			}
		}
	})
	calendar := tally{}
	for _, f := range order {
		c := families[f]
		t.Logf("%-12s %3d pass %3d fail %3d skipped", f, c.pass, c.fail, c.skipped)
		switch f {
		case "day", "week", "month", "quarter", "year":
			calendar.pass += c.pass
			calendar.fail += c.fail
		}
	}
	t.Logf("calendar: %d of %d pass", calendar.pass, calendar.pass+calendar.fail)
	if n := calendar.pass + calendar.fail; n < 100 || 100*calendar.pass < ducklingFloor*n {
		t.Errorf("calendar dates: %d of %d pass", calendar.pass, n)
	}
}

const ducklingFloor = 80 // percent

// shortWeekday reports whether a phrase is the short name of a weekday and nothing else ("sat"): in news
// it is one only beside a date.
func shortWeekday(s string) bool {
	switch strings.Trim(strings.ToLower(s), ".") {
	case "mon", "tue", "tues", "wed", "thu", "thur", "fri", "sat", "sun":
		return true
	}
	return false
}

// open reports whether a phrase says neither the year nor a direction.
func open(s string) bool {
	for _, w := range strings.Fields(strings.ToLower(s)) {
		switch w {
		case "last", "next", "this", "past", "ago", "coming", "previous", "following", "today", "tomorrow", "yesterday", "current", "now":
			return false
		}
		if len(w) >= 4 && (strings.HasPrefix(w, "19") || strings.HasPrefix(w, "20")) {
			return false
		}
	}
	return true
}
