package timex

import (
	"time"
)

// first is the first day of the point; false where it is not known.
func (w when) first() (civil, bool) {
	y := w.day.year
	switch w.gran {
	case gClock, gPart, gDay:
		return w.day, y != 0 && w.day.month != 0 && w.day.day != 0
	case gWeekend, gWeek:
		if y == 0 || w.n == 0 {
			return civil{}, false
		}
		c := monday(y, w.n)
		if w.gran == gWeekend {
			c = c.addDays(5)
		}
		return c, true
	case gMonth:
		return civil{y, w.day.month, 1}, y != 0 && w.day.month != 0
	case gSeason:
		return civil{y, w.n * 3, 1}, y != 0
	case gQuarter:
		return civil{y, w.n*3 - 2, 1}, y != 0 && w.n != 0
	case gHalf:
		return civil{y, w.n*6 - 5, 1}, y != 0 && w.n != 0
	case gYear:
		return civil{y, 1, 1}, y != 0 && !w.bc
	case gDecade:
		return civil{w.n * 10, 1, 1}, w.n > 0
	case gCentury:
		return civil{max(w.n*100, 1), 1, 1}, w.n >= 0 && !w.bc
	}
	return civil{}, false
}

// interval is the stretch that the point takes, half-open, in UTC; zero where it is not known.
// A day is the UTC day of its date. Clock times and parts of the day are told in the zone that
// the text names, else in loc, the publisher's.
//
// A morning is 6 to 12, an afternoon 12 to 18, an evening 18 to 22, a night 22 to 6, midday 11 to
// 13 and daytime 6 to 18 o'clock; the small hours are 0 to 6. Seasons are the meteorological ones of the northern half: spring
// starts in March; winter is named for the year in which it starts. Decades and centuries run from
// the year that ends in 0. Fiscal years have no interval: their start differs from body to body.
// START, MID and END are the first, middle and last third, to the second.
func (w when) interval(mod int, loc *time.Location) (from, to time.Time) {
	first, ok := w.first()
	if !ok || first.year < 1 || first.year > 9999 {
		return
	}
	start := time.Date(first.year, time.Month(first.month), first.day, 0, 0, 0, 0, time.UTC)
	switch w.gran {
	case gClock, gPart:
		at, long := partTimes(w)
		from = time.Date(first.year, time.Month(first.month), first.day, 0, 0, at, 0, loc)
		if w.zoned {
			from = start.Add(time.Duration(at-w.zone*60) * time.Second)
		}
		from = from.UTC()
		to = from.Add(time.Duration(long) * time.Second)
	case gDay:
		from, to = start, start.AddDate(0, 0, 1)
	case gWeekend:
		from, to = start, start.AddDate(0, 0, 2)
	case gWeek:
		from, to = start, start.AddDate(0, 0, 7)
	case gMonth:
		from, to = start, start.AddDate(0, 1, 0)
	case gSeason, gQuarter:
		from, to = start, start.AddDate(0, 3, 0)
	case gHalf:
		from, to = start, start.AddDate(0, 6, 0)
	case gYear:
		from, to = start, start.AddDate(1, 0, 0)
	case gDecade:
		from, to = start, start.AddDate(10, 0, 0)
	case gCentury:
		from, to = start, time.Date(w.n*100+100, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if w.end != nil {
		if _, last := w.end.interval(modNone, loc); last.After(from) {
			to = last
		}
	}
	if from.IsZero() {
		return time.Time{}, time.Time{} // the year 1 starts at the zero time, which says that there is none
	}
	if w.small {
		mod = modNone
	}
	third := to.Sub(from) / 3 / time.Second * time.Second
	switch mod {
	case modStart:
		to = from.Add(third)
	case modMid:
		from, to = from.Add(third), to.Add(-third)
	case modEnd:
		from = to.Add(-third)
	}
	return from, to
}

// partTimes gives where a clock time or part of the day starts and how long it is, in seconds.
func partTimes(w when) (start, long int) {
	const hour = 3600
	if w.gran == gClock {
		switch w.prec {
		case precHour:
			return w.clock, hour
		case precMinute:
			return w.clock, 60
		}
		return w.clock, 1
	}
	switch w.part {
	case partMorning, partDawn:
		if w.small {
			return 0, 6 * hour
		}
		return 6 * hour, 6 * hour
	case partAfternoon:
		return 12 * hour, 6 * hour
	case partEvening, partDusk:
		return 18 * hour, 4 * hour
	case partNight:
		return 22 * hour, 8 * hour
	case partMidday:
		return 11 * hour, 2 * hour
	}
	return 6 * hour, 12 * hour
}

// newYork reports whether the United States keep daylight saving time on the day: from the second
// Sunday of March to the first of November (the law since 2007).
func newYork(c civil) bool {
	n := c.number()
	return n >= nthWeekday(c.year, 3, 2, 7).number() && n < nthWeekday(c.year, 11, 1, 7).number()
}

// zone is the offset from UTC, in minutes, of the zone that an expression names, on a day.
func zone(e *expr, day civil) int {
	if e.has(fOffset) {
		n := int(e.f[fOffset])
		if n > 24 { // UTC+0530
			n = n/100*60 + n%100
		} else {
			n *= 60
		}
		return n * int(e.f[fSign])
	}
	z := int(e.f[fZone])
	if z > zoneUS {
		z = zoneUS - z
		if day.day != 0 && newYork(day) {
			z += 60
		}
	}
	return z
}

// zoneUS is added to the offsets of zones whose name does not say whether daylight time is kept.
const zoneUS = 5000
