package timex

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestIntervals(t *testing.T) {
	p := parser(t)
	const day = "2006-01-02"
	const minute = "2006-01-02T15:04"
	for _, c := range []struct{ in, layout, from, to string }{
		{"in 2021", day, "2021-01-01", "2022-01-01"},
		{"in May 2021", day, "2021-05-01", "2021-06-01"},
		{"on 3 May 2021", day, "2021-05-03", "2021-05-04"},
		{"on 14-17 January 2025", day, "2025-01-14", "2025-01-18"},
		{"last week", day, "2025-01-06", "2025-01-13"},
		{"last weekend", day, "2025-01-11", "2025-01-13"},
		{"in the third quarter of 2019", day, "2019-07-01", "2019-10-01"},
		{"in the first half of 2019", day, "2019-01-01", "2019-07-01"},
		{"in the summer of 2019", day, "2019-06-01", "2019-09-01"},
		{"in the winter of 2019", day, "2019-12-01", "2020-03-01"},
		{"in the 1990s", day, "1990-01-01", "2000-01-01"},
		{"in the 19th century", day, "1800-01-01", "1900-01-01"},
		{"in early January 2025", minute, "2025-01-01T00:00", "2025-01-11T08:00"},
		{"in mid-January 2025", minute, "2025-01-11T08:00", "2025-01-21T16:00"},
		{"in late January 2025", minute, "2025-01-21T16:00", "2025-02-01T00:00"},
		{"on the morning of 3 May 2021", minute, "2021-05-03T06:00", "2021-05-03T12:00"},
		{"in the small hours of 3 May 2021", minute, "2021-05-03T00:00", "2021-05-03T06:00"},
		{"on the night of 3 May 2021", minute, "2021-05-03T22:00", "2021-05-04T06:00"},
		{"at 10:30 on 3 May 2021", minute, "2021-05-03T10:30", "2021-05-03T10:31"},
		{"at 10:30 UTC+8 on 3 May 2021", minute, "2021-05-03T02:30", "2021-05-03T02:31"},
		{"at 10:30 UTC-0330 on 3 May 2021", minute, "2021-05-03T14:00", "2021-05-03T14:01"},
		{"at 2021-05-03T10:30:00+02:00", minute, "2021-05-03T08:30", "2021-05-03T08:30"},
		{"at 10:30 EST on 3 May 2021", minute, "2021-05-03T15:30", "2021-05-03T15:31"},
		{"at 10:30 ET on 3 May 2021", minute, "2021-05-03T14:30", "2021-05-03T14:31"},
		{"at 10:30 ET on 3 January 2021", minute, "2021-01-03T15:30", "2021-01-03T15:31"},
		{"for three days", day, "", ""},
		{"every Monday", day, "", ""},
		{"now", day, "", ""},
		{"in fiscal 2019", day, "", ""},
		{"in the 3rd century BC", day, "", ""},
	} {
		ds := Find(p.Parse("They met "+c.in+".", 0), asOf)
		if len(ds) != 1 {
			t.Errorf("%q: %d dates: %+v", c.in, len(ds), ds)
			continue
		}
		from, to := "", ""
		if !ds[0].From.IsZero() {
			from, to = ds[0].From.Format(c.layout), ds[0].To.Format(c.layout)
		}
		if from != c.from || to != c.to {
			t.Errorf("%q (%s %s): from %s to %s, want %s to %s", c.in, ds[0].Value, ds[0].Mod, from, to, c.from, c.to)
		}
	}
}

// TestPublished is about what an article's dates count from.
func TestPublished(t *testing.T) {
	p := parser(t)
	auckland := time.FixedZone("NZDT", 13*3600)
	for _, c := range []struct {
		name, in  string
		published time.Time
		order     DateOrder
		want      string
	}{
		{"published", "They met yesterday.", asOf, MonthFirst, "yesterday=2025-01-14"},
		{"the publisher's day", "They met today at 9 a.m.", time.Date(2025, 1, 15, 1, 0, 0, 0, auckland), MonthFirst, "today at 9 a.m.=2025-01-15T09:00"},
		{"dateline", "Tuesday, 7 January 2025\n\nThey met yesterday.", asOf, MonthFirst, "Tuesday, 7 January 2025=2025-01-07|yesterday=2025-01-06"},
		{"dateline with a place", "KELL, 7 January 2025 (Harbour Post) - They met yesterday.", asOf, MonthFirst, "7 January 2025=2025-01-07|yesterday=2025-01-06"},
		{"dateline without a year", "KELL, Jan. 7 (Harbour Post) - They met yesterday.", asOf, MonthFirst, "Jan. 7=2025-01-07|yesterday=2025-01-06"},
		{"no dateline: after the publication", "KELL, Jan. 27 (Harbour Post) - They met yesterday.", asOf, MonthFirst, "Jan. 27=2025-01-27|yesterday=2025-01-14"},
		{"no dateline: no place", "Jan. 7 - They met yesterday.", asOf, MonthFirst, "Jan. 7=2025-01-07|yesterday=2025-01-14"},
		{"dateline of the old year", "KELL, Dec. 30 (Harbour Post) - They met yesterday.", asOf, MonthFirst, "Dec. 30=2024-12-30|yesterday=2024-12-29"},
		{"a date that opens a sentence is no dateline", "January 6, 2025 was a dark day. They met yesterday.", asOf, MonthFirst, "January 6, 2025=2025-01-06|yesterday=2025-01-14"},
		{"nor is one of long ago", "May 8, 1945\n\nThey met yesterday.", asOf, MonthFirst, "May 8, 1945=1945-05-08|yesterday=2025-01-14"},
		{"a date is no dateline", "The law of 7 January 2020 fell yesterday.", asOf, MonthFirst, "7 January 2020=2020-01-07|yesterday=2025-01-14"},
		{"last summer, in December", "They met last summer and last winter.", time.Date(2024, 12, 10, 0, 0, 0, 0, time.UTC), MonthFirst, "last summer=2024-SU|last winter=2023-WI"},
		{"next month of the new year", "They spoke of the gathering in January.", time.Date(2024, 12, 10, 0, 0, 0, 0, time.UTC), MonthFirst, "January=2025-01"},
		{"Election Day", "Election Day nears.", time.Date(2024, 8, 17, 0, 0, 0, 0, time.UTC), MonthFirst, "Election Day=2024-11-05"},
		{"unknown", "They met yesterday, on Monday and last year.", time.Time{}, MonthFirst, "yesterday=XXXX-XX-XX|Monday=XXXX-WXX-1|last year=XXXX"},
		{"unknown, at a time", "They met at 10:30, two weeks ago.", time.Time{}, MonthFirst, "10:30=XXXX-XX-XXT10:30|two weeks ago=XXXX-XX-XX"},
		{"unknown, but absolute", "They met on 3 May 2021.", time.Time{}, MonthFirst, "3 May 2021=2021-05-03"},
		{"the nearest year", "In May 2019 they met. They left on 14 January. The council met again, after all its members had come back, in June 2022.", time.Time{}, MonthFirst, "May 2019=2019-05|14 January=2019-01-14?|June 2022=2022-06"},
		{"the nearest year ahead", "They left on 14 January. In June 2022 they met.", time.Time{}, MonthFirst, "14 January=2022-01-14?|June 2022=2022-06"},
		{"no year anywhere", "They left on 14 January.", time.Time{}, MonthFirst, "14 January=XXXX-01-14"},
		{"month first", "Signed 1/2/2024 there.", asOf, MonthFirst, "1/2/2024=2024-01-02"},
		{"day first", "Signed 1/2/2024 there.", asOf, DayFirst, "1/2/2024=2024-02-01"},
		{"day first, impossible", "Signed 1/14/2024 there.", asOf, DayFirst, "1/14/2024=2024-01-14"},
	} {
		var got []string
		for _, d := range FindWith(p.Parse(c.in, 0), c.published, Options{Order: c.order}) {
			mark := ""
			if d.Inferred {
				mark = "?"
			}
			got = append(got, d.Text+"="+d.Value+mark)
		}
		if g := strings.Join(got, "|"); g != c.want {
			t.Errorf("%s: %q:\n got %s\nwant %s", c.name, c.in, g, c.want)
		}
	}
	// 9 a.m. in Auckland is the evening before in UTC.
	ds := Find(p.Parse("They met today at 9 a.m.", 0), time.Date(2025, 1, 15, 1, 0, 0, 0, auckland))
	if want := time.Date(2025, 1, 14, 20, 0, 0, 0, time.UTC); len(ds) != 1 || !ds[0].From.Equal(want) {
		t.Errorf("got %+v, want from %v", ds, want)
	}
}

// TestSameEverywhere: neither the process's zone nor other goroutines change the answer.
func TestSameEverywhere(t *testing.T) {
	p := parser(t)
	var all strings.Builder
	for i := range load().rules {
		all.WriteString(load().rules[i].example + "\n\n")
	}
	doc := p.Parse(all.String(), 0)
	want := Find(doc, asOf)
	if len(want) < 200 {
		t.Fatalf("only %d dates", len(want))
	}
	local := time.Local
	defer func() { time.Local = local }()
	for _, offset := range []int{-11, 0, 14} {
		time.Local = time.FixedZone(fmt.Sprint(offset), offset*3600)
		if got := Find(doc, asOf); !reflect.DeepEqual(got, want) {
			t.Errorf("in zone %d the answer differs", offset)
		}
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if got := Find(doc, asOf); !reflect.DeepEqual(got, want) {
				t.Error("in a goroutine the answer differs")
			}
		}()
	}
	wg.Wait()
}

func TestCalendar(t *testing.T) {
	for n := -1_000_000; n < 1_000_000; n += 37 {
		c := dayOf(n)
		want := time.Unix(int64(n)*86400, 0).UTC()
		if c.year != want.Year() || c.month != int(want.Month()) || c.day != want.Day() || c.number() != n {
			t.Fatalf("day %d is %v, want %v", n, c, want)
		}
		y, w := c.week()
		if wy, ww := want.ISOWeek(); y != wy || w != ww {
			t.Fatalf("%v is in week %d of %d, want %d of %d", c, w, y, ww, wy)
		}
		if m := monday(y, w); m.weekday() != 1 || c.number()-m.number() > 6 || c.before(m) {
			t.Fatalf("week %d of %d starts on %v, not before %v", w, y, m, c)
		}
	}
	for _, c := range []struct{ got, want civil }{
		{easter(2019), civil{2019, 4, 21}}, {easter(2024), civil{2024, 3, 31}}, {easter(2038), civil{2038, 4, 25}},
		{lunarNewYear(2019), civil{2019, 2, 5}}, {lunarNewYear(2023), civil{2023, 1, 22}}, {lunarNewYear(2024), civil{2024, 2, 10}}, {lunarNewYear(1985), civil{1985, 2, 20}},
		{newYearOf(5785), civil{2024, 10, 3}}, {newYearOf(5786), civil{2025, 9, 23}}, {newYearOf(5782), civil{2021, 9, 7}}, {newYearOf(5765), civil{2004, 9, 16}},
		{islamic(1446, 9, 1), civil{2025, 3, 1}}, {islamic(1445, 9, 1), civil{2024, 3, 11}}, {islamic(1, 1, 1), civil{622, 7, 19}},
		{orthodox(2019), civil{2019, 4, 28}}, {orthodox(2024), civil{2024, 5, 5}},
		{nthWeekday(2019, 11, 4, 4), civil{2019, 11, 28}}, {nthWeekday(2019, 5, -1, 1), civil{2019, 5, 27}},
	} {
		if c.got != c.want {
			t.Errorf("got %v, want %v", c.got, c.want)
		}
	}
}
