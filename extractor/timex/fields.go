package timex

// field is something that an expression can say.
type field int8

const (
	fOp      field = iota // how resolve reads the others
	fYear                 // full
	fMonth                // 1 to 12
	fDay                  // 1 to 31
	fWeekday              // 1 Monday to 7 Sunday
	fUnit                 // see units
	fNum                  // an amount in thousandths; numVague for "several"
	fNum2                 // the lower end of a range of amounts
	fOrd                  // third: 3; last: -1
	fSeason               // 1 spring to 4 winter
	fPart                 // of the day
	fDecade               // 199: the 1990s
	fCentury              // the decade is a century
	fClock                // seconds since midnight
	fPrec                 // precision of the clock time
	fAMPM                 // 0 or 12
	fZone                 // minutes east of UTC
	fOffset               // as written in UTC+8, UTC-0330
	fLocal                // local time
	fDir                  // last, this, next
	fBase                 // what dir and sign count from
	fSign                 // ago: -1, later: 1
	fMod                  // see mods
	fA                    // first and second number of 1/2/2019
	fB
	fYearDir // "of last year"
	fHalf    // and a half
	fHoliday // index
	fStrict  // the day must be on the calendar
	fBC
	fBare // no word but the season's name
	fKind // which word of several
	nFields
	noField field = -1
)

var fieldNames = map[string]field{
	"op": fOp, "year": fYear, "month": fMonth, "day": fDay, "weekday": fWeekday, "unit": fUnit, "n": fNum, "ord": fOrd,
	"season": fSeason, "part": fPart, "clock": fClock, "prec": fPrec, "ampm": fAMPM, "zone": fZone, "offset": fOffset,
	"local": fLocal, "dir": fDir, "base": fBase, "sign": fSign, "mod": fMod, "a": fA, "b": fB, "yeardir": fYearDir,
	"half": fHalf, "strict": fStrict, "bc": fBC, "bare": fBare, "kind": fKind,
}

// classFields gives the field that a class fills where the pattern names none.
var classFields = map[class]field{
	clsMonth: fMonth, clsY0: fYear, clsDate8: fDay, clsDotClock: fClock, clsWeekdays: fWeekday, clsMon: fMonth, clsWeekday: fWeekday, clsWday: fWeekday, clsUnit: fUnit, clsUnits: fUnit,
	clsPart: fPart, clsSeason: fSeason, clsOrd: fOrd, clsDecadeWord: fDecade, clsZone: fZone, clsAMPM: fAMPM,
	clsDay: fDay, clsDayOrd: fDay, clsHour: fClock, clsYear: fYear, clsY4: fYear, clsY2: fYear, clsOrdNum: fOrd,
	clsDecade: fDecade, clsClock: fClock, clsClockAMPM: fClock, clsMil: fClock, clsDot: fA, clsQ: fOrd, clsHalf: fOrd,
	clsFY: fYear, clsStampT: fClock, clsInt: noField, clsInt2: noField, clsVague: noField, clsCore: noField,
	clsName: noField, clsNumber: noField, clsPlural: noField, clsHoliday: noField,
}

// The ops: how resolve.go reads the other fields of an expression and its parts.
const (
	opNone           = iota // takes words out of the reading: they are no date
	opPass                  // what the part says
	opDate                  // some of year, month, day and weekday
	opSlashed               // 1/14/2025: a, b and year, in the order that DateOrder says
	opDotted                // 14.01.2025: a, b and year, the day first
	opWeekday               // a weekday, nearest by tense or dir
	opWeekdayWeek           // the weekday of last, this or next week
	opOffset                // n days from the reference time: yesterday
	opUnitRef               // last week, that year: unit and dir, from base
	opHoliday               // the day that a holiday's rule gives
	opEdgeDay               // the first, last or n-th day of the month in the part
	opFiscal                // a fiscal year
	opDecade                // the 1990s
	opCentury               // the 19th century
	opSeason                // spring, with a year or the nearest by tense or dir
	opQuarter               // the ord-th quarter of the year in the part
	opHalf                  // the ord-th half of the year in the part
	opWeekOf                // the week of the day in the part
	opNthWeek               // the ord-th week of the month or year in the part
	opNthWeekend            // the ord-th weekend of the month in the part
	opNthWeekday            // the ord-th such weekday of the month in the part
	opNthMonth              // the ord-th month of the year in the part
	opEdgeUnit              // end of month: of the one that is now
	opEdge                  // the part, with a mod: late 2021
	opInAnchor              // later in the day: the last unit mentioned
	opClock                 // a time of day, on the day of the part or the one spoken of
	opPart                  // a part of the day, likewise
	opLength                // a length of time: n units
	opSum                   // lengths that add up: two hours and ten minutes
	opShift                 // so long before or after base: two weeks ago
	opSet                   // what recurs
	opRef                   // PRESENT_REF, PAST_REF, FUTURE_REF
	opDayRange              // 14-17 January: from day to b
	opSame                  // the same period of another year
	opYearAgo               // a year earlier, as reports of earnings say it
	opYearEnd               // the end of the year, or of the last one after "since"
	opYearSpan              // 1984-85
	opHolidayWeekend        // Memorial Day weekend
)

// Units, in the order of their length.
const (
	uSecond = iota + 1
	uMinute
	uHour
	uDay
	uNight
	uWeekend
	uWeek
	uFortnight
	uMonth
	uQuarter
	uHalf
	uYear
	uDecade
	uCentury
	uMillennium
)

const numVague = -1000

const (
	dirLast = iota + 1
	dirThis
	dirNext
	dirThat
)

// Kinds tell readings of one op apart.
const (
	kindPresent = iota + 1 // of references, in the order of refs
	kindPast
	kindFuture
	kindOClock  // nine o'clock
	kindQuarter // a quarter to nine
	kindNear    // this past Friday: the nearest
	kindDeictic // two days after tomorrow
	kindLatest  // the latest quarter
	kindAttacks // the September 11 attacks
	kindTwice   // the week after next
	kindEvent   // the night the ship sank
	kindSmall   // the small hours, the early morning hours: midnight to six
)

const (
	baseRef = iota
	baseAnchor
)

const (
	modNone = iota
	modStart
	modMid
	modEnd
	modApprox
	modBefore
	modAfter
	modMore
	modLess
	modEqualOrMore
	modEqualOrLess
	modOnOrBefore
	modOnOrAfter
)

var mods = [...]string{"", "START", "MID", "END", "APPROX", "BEFORE", "AFTER", "MORE_THAN", "LESS_THAN", "EQUAL_OR_MORE", "EQUAL_OR_LESS", "ON_OR_BEFORE", "ON_OR_AFTER"}

// Parts of the day.
const (
	partMorning = iota + 1
	partAfternoon
	partEvening
	partNight
	partDawn
	partDusk
	partMidday
	partDaytime
)

// ops are the names of the ops in the table.
var ops = map[string]int32{
	"none": opNone, "pass": opPass, "date": opDate, "slashed": opSlashed, "dotted": opDotted, "weekday": opWeekday,
	"weekdayweek": opWeekdayWeek, "offset": opOffset, "unitref": opUnitRef, "holiday": opHoliday, "edgeday": opEdgeDay,
	"fiscal": opFiscal, "decade": opDecade, "century": opCentury, "season": opSeason, "quarter": opQuarter,
	"half": opHalf, "weekof": opWeekOf, "nthweek": opNthWeek, "nthweekend": opNthWeekend, "nthweekday": opNthWeekday, "nthmonth": opNthMonth, "edgeunit": opEdgeUnit, "edge": opEdge,
	"inanchor": opInAnchor, "clock": opClock, "daypart": opPart,
	"length": opLength, "sum": opSum, "shift": opShift, "set": opSet, "ref": opRef, "dayrange": opDayRange, "same": opSame, "yearago": opYearAgo, "yearend": opYearEnd, "yearspan": opYearSpan, "holidayweekend": opHolidayWeekend,
}

// constants are the names of other values in the table.
var constants = map[string]int32{
	"second": uSecond, "minute": uMinute, "hour": uHour, "day": uDay, "weekend": uWeekend, "week": uWeek, "fortnight": uFortnight,
	"month": uMonth, "quarter": uQuarter, "half": uHalf, "year": uYear, "decade": uDecade, "century": uCentury,

	"X": numVague, "last": dirLast, "this": dirThis, "next": dirNext, "that": dirThat, "anchor": baseAnchor,
	"START": modStart, "MID": modMid, "END": modEnd, "APPROX": modApprox, "BEFORE": modBefore, "AFTER": modAfter,
	"MORE_THAN": modMore, "LESS_THAN": modLess, "EQUAL_OR_MORE": modEqualOrMore, "EQUAL_OR_LESS": modEqualOrLess,

	"morning": partMorning, "afternoon": partAfternoon, "evening": partEvening, "night": partNight, "dawn": partDawn, "dusk": partDusk,
	"noon": 12 * 3600, "midnight": 0,
	"utc": 0, "cet": 60, "ist": 330, "jst": 540, "et": 5300, "ct": 5360, "mt": 5420, "pt": 5480,
	"PRESENT_REF": kindPresent, "PAST_REF": kindPast, "FUTURE_REF": kindFuture, "o-clock": kindOClock, "quarter-to": kindQuarter,
	"near": kindNear, "deictic": kindDeictic, "latest": kindLatest, "attacks": kindAttacks, "twice": kindTwice, "event": kindEvent, "small": kindSmall,
}

var refs = [...]string{"", "PRESENT_REF", "PAST_REF", "FUTURE_REF"}
