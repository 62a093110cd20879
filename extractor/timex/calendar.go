package timex

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
)

// civil is a day of the proleptic Gregorian calendar.
type civil struct{ year, month, day int }

// number counts days from 1970-01-01. The method is Howard Hinnant's days_from_civil.
func (c civil) number() int {
	y := c.year
	if c.month <= 2 {
		y--
	}
	era := floorDiv(y, 400)
	yoe := y - era*400
	doy := (153*((c.month+9)%12)+2)/5 + c.day - 1
	return era*146097 + yoe*365 + yoe/4 - yoe/100 + doy - 719468
}

// dayOf is the inverse of number.
func dayOf(n int) civil {
	n += 719468
	era := floorDiv(n, 146097)
	doe := n - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	c := civil{yoe + era*400, (mp+2)%12 + 1, doy - (153*mp+2)/5 + 1}
	if c.month <= 2 {
		c.year++
	}
	return c
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// addDays is the day n days later.
func (c civil) addDays(n int) civil { return dayOf(c.number() + n) }

// addMonths is the same day n months later, or that month's last.
func (c civil) addMonths(n int) civil {
	m := c.year*12 + c.month - 1 + n
	c.year, c.month = floorDiv(m, 12), m-floorDiv(m, 12)*12+1
	c.day = min(c.day, daysIn(c.year, c.month))
	return c
}

// before reports whether c is an earlier day than o.
func (c civil) before(o civil) bool {
	return c.year < o.year || c.year == o.year && (c.month < o.month || c.month == o.month && c.day < o.day)
}

// weekday is 1 for Monday to 7 for Sunday.
func (c civil) weekday() int { return mod7(c.number()+3) + 1 }

func mod7(n int) int { return n - floorDiv(n, 7)*7 }

func mod12(n int) int { return n - floorDiv(n, 12)*12 }

// week is the ISO 8601 week and its year.
func (c civil) week() (year, week int) {
	thursday := c.addDays(4 - c.weekday())
	return thursday.year, (thursday.number()-civil{thursday.year, 1, 1}.number())/7 + 1
}

// monday is the first day of an ISO 8601 week.
func monday(year, week int) civil {
	fourth := civil{year, 1, 4}
	return fourth.addDays(1 - fourth.weekday() + 7*(week-1))
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// valid reports whether the day is on the calendar.
func (c civil) valid() bool {
	return 1 <= c.month && c.month <= 12 && 1 <= c.day && c.day <= daysIn(c.year, c.month)
}

// easter is Western Easter Sunday, by the Anonymous Gregorian computus.
func easter(y int) civil {
	a, b, c := y%19, y/100, y%100
	d, e := b/4, b%4
	g := (8*b + 13) / 25
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 19*l) / 433
	n := (h + l - 7*m + 90) / 25
	return civil{y, n, (h + l - 7*m + 33*n + 19) % 32}
}

// orthodox is Orthodox Easter Sunday (Meeus's Julian algorithm), as a Gregorian day.
func orthodox(y int) civil {
	d := (19*(y%19) + 15) % 30
	e := (2*(y%4) + 4*(y%7) - d + 34) % 7
	month, day := (d+e+114)/31, (d+e+114)%31+1
	return civil{y, month, day}.addDays(y/100 - y/400 - 2)
}

// islamic is a day of the tabular Islamic calendar: months of 30 and 29 days in turn and 11 leap
// years in 30, from 16 July 622 (Julian). Where the month starts with the sight of the new moon,
// it can start a day earlier or later.
func islamic(year, month, day int) civil {
	return dayOf(-492148 + day + (59*(month-1)+1)/2 + 354*(year-1) + floorDiv(3+11*year, 30) - 1)
}

// newYearOf is the first day of a year of the Hebrew calendar, by the mean new moon and the four
// postponements. It begins at the sunset before.
func newYearOf(year int) civil {
	elapsed := func(y int) int {
		months := floorDiv(235*y-234, 19)
		parts := 12084 + 13753*months
		day := 29*months + floorDiv(parts, 25920)
		if 3*(day+1)%7 < 3 {
			day++
		}
		return day
	}
	before, at, after := elapsed(year-1), elapsed(year), elapsed(year+1)
	switch {
	case after-at == 356:
		at += 2
	case at-before == 382:
		at++
	}
	return dayOf(at - 2092590)
}

// nthWeekday is the n-th given weekday of a month, the last for n = -1; the day is 0 where the
// month has none.
func nthWeekday(year, month, n, weekday int) civil {
	if n < 0 {
		last := civil{year, month, daysIn(year, month)}
		return last.addDays(-mod7(last.weekday() - weekday))
	}
	first := civil{year, month, 1}
	c := first.addDays(mod7(weekday-first.weekday()) + 7*(n-1))
	if c.month != month {
		return civil{year, month, 0}
	}
	return c
}

// holiday is a name and the rule of its day.
type holiday struct {
	words                     []uint16
	rule                      byte // 'f' fixed, 'e' easter, 'o' orthodox, 'n' nth weekday, 'i' islamic, 'h' hebrew, 'c' chinese
	month, day, nth, wd, plus int  // day 0 of an islamic month is all of it
}

// on is the holiday's day in a year.
func (h *holiday) on(year int) civil {
	switch h.rule {
	case 'e':
		return easter(year).addDays(h.plus)
	case 'o':
		return orthodox(year).addDays(h.plus)
	case 'i':
		for n := (year-622)*33/32 - 1; ; n++ {
			if c := islamic(n, h.month, max(h.day, 1)); c.year >= year {
				return c
			}
		}
	case 'c':
		return lunarNewYear(year).addDays(h.plus)
	case 'h':
		return newYearOf(year + 3761).addDays(h.plus)
	case 'n':
		return nthWeekday(year, h.month, h.nth, h.wd).addDays(h.plus)
	}
	return civil{year, h.month, h.day}
}

//go:embed data/holidays.tsv
var holidaysTSV string

func loadHolidays(v *vocab) []holiday {
	var out []holiday
	for n, line := range lines(holidaysTSV) {
		name, spec, ok := strings.Cut(line, "\t")
		h, err := holidayRule(spec)
		if !ok || err != nil {
			panic(fmt.Sprintf("holidays.tsv, line %d: %v", n, err))
		}
		name = strings.ReplaceAll(name, "s'", "s '")
		for _, w := range strings.Fields(strings.ReplaceAll(name, "'s", " 's")) {
			h.words = append(h.words, v.id(strings.ToLower(w)))
		}
		first := &v.words[h.words[0]]
		first.classes |= clsHoliday
		out = append(out, h)
	}
	return out
}

func holidayRule(spec string) (holiday, error) {
	days := map[string]int{"mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6, "sun": 7}
	var h holiday
	var err error
	number := func(s string) int {
		n, e := strconv.Atoi(s)
		if e != nil {
			err = e
		}
		return n
	}
	f := strings.Fields(spec)
	switch {
	case strings.HasPrefix(spec, "easter"):
		h.rule, h.plus = 'e', number(spec[len("easter"):])
	case strings.HasPrefix(spec, "chinese"):
		h.rule, h.plus = 'c', number(spec[len("chinese"):])
	case strings.HasPrefix(spec, "hebrew"):
		h.rule, h.plus = 'h', number(spec[len("hebrew"):])
	case strings.HasPrefix(spec, "islamic-") && len(spec) >= 10:
		h.rule, h.month = 'i', number(spec[8:10])
		if len(spec) > 10 {
			h.day = number(spec[11:])
		}
	case strings.HasPrefix(spec, "orthodox"):
		h.rule, h.plus = 'o', number(spec[len("orthodox"):])
	case len(f) >= 3:
		h.rule, h.nth, h.wd = 'n', -1, days[f[1]]
		if f[0] != "last" {
			h.nth = number(f[0])
		}
		h.month = number(f[2])
		if len(f) > 3 {
			h.plus = number(f[3])
		}
	case len(spec) == 5:
		h.rule, h.month, h.day = 'f', number(spec[:2]), number(spec[3:])
	default:
		err = fmt.Errorf("rule %q", spec)
	}
	return h, err
}
