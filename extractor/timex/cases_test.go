package timex

import (
	"strings"
	"testing"
	"time"
)

// TestCases is what Dates are asked to do, point by point; each is read as of Wednesday, 15 January
// 2025, noon. A date is told as text=value, with +MOD where the text modifies.
func TestCases(t *testing.T) {
	p := parser(t)
	for _, g := range []struct {
		name  string
		cases [][2]string
	}{
		{"day, month and year in every order", [][2]string{
			{"It fell on 14 January 2025.", "14 January 2025=2025-01-14"},
			{"It fell on January 14, 2025.", "January 14, 2025=2025-01-14"},
			{"It fell on the 14th of January 2025.", "the 14th of January 2025=2025-01-14"},
			{"It fell on Tuesday, 14 January 2025.", "Tuesday, 14 January 2025=2025-01-14"},
			{"It fell on Tuesday, Jan. 14th, 2025.", "Tuesday, Jan. 14th, 2025=2025-01-14"},
			{"It fell on Jan. 14.", "Jan. 14=2025-01-14"},
			{"He spoke of the April 8 general election and of the Dec. 3 bombings.", "April 8=2025-04-08|Dec. 3=2024-12-03"},
			{"They spoke of the world since 9/11.", "9/11=2001-09-11"},
			{"It fell on 14 Jan '25.", "14 Jan '25=2025-01-14"},
			{"It fell in the summer of ’98.", "the summer of ’98=1998-SU"},
			{"It fell on the fourteenth of January.", "the fourteenth of January=2025-01-14"},
			{"Filed 2025-01-14; filed 14-Jan-2025; filed 14.1.2025.", "2025-01-14=2025-01-14|14-Jan-2025=2025-01-14|14.1.2025=2025-01-14"},
			{"Updated 2025-01-14T09:30:00Z by staff.", "2025-01-14T09:30:00Z=2025-01-14T09:30:00"},
			{"Filed 1/2/2025 and 14/1/2025 and 1/14/2025.", "1/2/2025=2025-01-02|14/1/2025=2025-01-14|1/14/2025=2025-01-14"},
			{"It fell on 31 April 2025.", ""},
			{"It fell on 29 February 2023.", ""},
		}},
		{"weekdays and tense", [][2]string{
			{"They met on Monday.", "Monday=2025-01-13"},
			{"They will meet Monday.", "Monday=2025-01-20"},
			{"They met Wednesday.", "Wednesday=2025-01-15"},
			{"They will meet Wednesday.", "Wednesday=2025-01-22"},
			{"They met last Monday.", "last Monday=2025-01-06"},
			{"They will meet next Monday.", "next Monday=2025-01-20"},
			{"They met this Monday.", "this Monday=2025-01-13"},
			{"They will meet this Friday.", "this Friday=2025-01-17"},
			{"They are meeting on Friday.", "Friday=2025-01-17"},
			{"The shop is shut until Friday.", "Friday=2025-01-17"},
			{"They spoke ahead of Tuesday's vote, with filings due Sunday.", "Tuesday=2025-01-21|Sunday=2025-01-19"},
			{"They fled after Friday's attack and will count Friday's deaths.", "Friday=2025-01-10|Friday=2025-01-10"},
			{"After losing on Tuesday, she turns to the south.", "Tuesday=2025-01-14"},
			{"The bank has kept the shops shut until Thursday.", "Thursday=2025-01-16"},
			{"The warnings apply into Friday.", "Friday=2025-01-17"},
			{"The offer had been due to lapse Friday.", "Friday=2025-01-10"},
			{"The minister asked the council to report on Friday.", "Friday=2025-01-17"},
		}},
		{"days from now and parts of the day", [][2]string{
			{"It came yesterday, comes today and will come tomorrow.", "yesterday=2025-01-14|today=2025-01-15|tomorrow=2025-01-16"},
			{"They meet tonight, met last night and this morning.", "tonight=2025-01-15TNI|last night=2025-01-14TNI|this morning=2025-01-15TMO"},
			{"They met on Monday afternoon and late on Tuesday.", "Monday afternoon=2025-01-13TAF|late on Tuesday=2025-01-14+END"},
			{"It burnt in the early hours of Monday.", "the early hours of Monday=2025-01-13TMO+START"},
			{"They met the day before yesterday.", "the day before yesterday=2025-01-13"},
			{"They met on Monday. They spoke of the night the ship sank.", "Monday=2025-01-13|the night=XXXX-XX-XXTNI"},
			{"On the morning of the 14th they met; it had begun the night before.", "the morning of the 14th=2025-01-14TMO|the night before=2025-01-13TNI"},
			{"They met over the weekend; by the weekend it will be over.", "the weekend=2025-W02-WE|the weekend=2025-W03-WE"},
			{"They will meet later this evening.", "later this evening=2025-01-15TEV"},
			{"On Monday he said: “Today we act.”", "Monday=2025-01-13|Today=2025-01-13"},
		}},
		{"so long from now or from the last date", [][2]string{
			{"They met two weeks ago.", "two weeks ago=2025-01-01"},
			{"They met 3 days ago.", "3 days ago=2025-01-12"},
			{"They met on 3 May 2021. Three days earlier they fell out.", "3 May 2021=2021-05-03|Three days earlier=2021-04-30"},
			{"They met on 3 May 2021. A year later they fell out.", "3 May 2021=2021-05-03|A year later=2022"},
			{"They met on 3 May 2021. The next day they fell out.", "3 May 2021=2021-05-03|The next day=2021-05-04"},
			{"They would leave by Friday.", "Friday=2025-01-17"},
			{"They will meet in two weeks' time.", "two weeks' time=2025-01-29"},
			{"They met in 1960. Half a century later they met again.", "1960=1960|Half a century later=2010"},
			{"They fell out on 3 May 2021. Five minutes later they met.", "3 May 2021=2021-05-03|Five minutes later=PT5M"},
			{"They met two Mondays ago and will meet Friday week.", "two Mondays ago=2025-01-06|Friday week=2025-01-24"},
			{"They met a week or so ago.", "a week or so ago=2025-01-08+APPROX"},
			{"They met the week before last and will the week after next.", "the week before last=2025-W01|the week after next=2025-W05"},
		}},
		{"month alone and tense", [][2]string{
			{"They met in October.", "October=2024-10"},
			{"They will meet in October.", "October=2025-10"},
			{"They met last October.", "last October=2024-10"},
			{"They spoke of the gathering in February in Kell.", "February=2025-02"},
			{"They called April's election a farce.", "April=2025-04"},
			{"They backed a coup at the convention in March.", "March=2025-03"},
			{"The May Treasury bond future fell.", "May=2025-05"},
			{"The rule falls if she wins in September.", "September=2025-09"},
			{"They were asked if they met in September.", "September=2024-09"},
			{"They hope for it come November.", "November=2025-11"},
			{"Once the rule takes effect on Aug. 1, they can go.", "Aug. 1=2025-08-01"},
			{"They failed in a bid for a March vote.", "March=2025-03"},
			{"They kept to an October deal.", "October=2024-10"},
			{"They got until mid-March.", "mid-March=2025-03+MID"},
			{"Her term was to end in March.", "March=2025-03"},
			{"They fell out last December, not in the last November.", "last December=2024-12|the last November=2024-11"},
			{"In May 2021 and this past May they met.", "May 2021=2021-05|this past May=2024-05"},
		}},
		{"seasons, quarters, halves, fiscal years, decades, centuries", [][2]string{
			{"He died in 44 BC; it was a port in 79 AD and in the 5th century BC.", "44 BC=BC0044|79 AD=0079|the 5th century BC=BC04"},
			{"Sales fell in Q1 of fiscal 2025 and in the year to date.", "Q1 of fiscal 2025=2025-Q1|the year to date=2025"},
			{"They met in the spring of 2019.", "the spring of 2019=2019-SP"},
			{"They met last summer.", "last summer=2024-SU"},
			{"They met last winter; they will meet next winter.", "last winter=2023-WI|next winter=2025-WI"},
			{"It is to report fourth quarter earnings today.", "fourth quarter=2024-Q4|today=2025-01-15"},
			{"They spoke in the last year of his life and in her last year in office.", ""},
			{"Looking ahead to the fall, they rest.", "the fall=2025-FA"},
			{"Sales fell in Q3 2019 and in the fourth quarter.", "Q3 2019=2019-Q3|the fourth quarter=2024-Q4"},
			{"Sales fell in the first half of 2019 and in H2 2020.", "the first half of 2019=2019-H1|H2 2020=2020-H2"},
			{"Sales fell in fiscal 2019 and in the 2019-20 financial year.", "fiscal 2019=2019|the 2019-20 financial year=FY2019"},
			{"In the 1990s and the nineties and the '80s they met.", "the 1990s=199|the nineties=199|the '80s=198"},
			{"In the 19th century and the twentieth century they met.", "the 19th century=18|the twentieth century=19"},
			{"The strike of 1984-85 and the war of 1914–18 ended.", "1984-85=1984/1985|1914–18=1914/1918"},
			{"They won in the 2009-10 season.", "2009-10=2009/2010"},
		}},
		{"parts of a stretch", [][2]string{
			{"In early May 2021 they met.", "early May 2021=2021-05+START"},
			{"In mid-May 2021 they met.", "mid-May 2021=2021-05+MID"},
			{"In late 2021 they met.", "late 2021=2021+END"},
			{"At the end of 2021 they met.", "the end of 2021=2021+END"},
			{"In the second half of the 1980s they met.", "the second half of the 1980s=198+END"},
			{"For the rest of 2025 they meet.", "the rest of 2025=2025+END"},
		}},
		{"ranges", [][2]string{
			{"They met on 14-17 January.", "14-17 January=2025-01-14/2025-01-17"},
			{"They met between 16 and 20 January.", "16 and 20 January=2025-01-16/2025-01-20"},
			{"They met from 14 to 17 January.", "14 to 17 January=2025-01-14/2025-01-17"},
			{"They met on July 27-28, 2019.", "July 27-28, 2019=2019-07-27/2019-07-28"},
			{"They met on 5, 6 and 7 January.", "5=2025-01-05|6=2025-01-06|7 January=2025-01-07"},
			{"They met on January 5, 6 and 7.", "January 5=2025-01-05|6=2025-01-06|7=2025-01-07"},
			{"They met from Monday to Friday.", "Monday=2025-01-06|Friday=2025-01-10"},
			{"They will meet from Monday to Friday.", "Monday=2025-01-20|Friday=2025-01-24"},
			{"It was shut between 2010 and 2015.", "2010=2010|2015=2015"},
			{"They will meet from November to February.", "November=2025-11|February=2026-02"},
			{"They met from 28 December to 3 January.", "28 December=2024-12-28|3 January=2025-01-03"},
			{"It is shut from 10 p.m. to 6 a.m. there.", "10 p.m.=2025-01-15T22:00|6 a.m.=2025-01-16T06:00"},
		}},
		{"clock times", [][2]string{
			{"They met at 10:30.", "10:30=2025-01-15T10:30"},
			{"They met on Monday (all times local).\n\n9:30 p.m.\n\nThey voted.", "Monday=2025-01-13|9:30 p.m.=2025-01-15T21:30"},
			{"Polls will close at midnight Sunday.", "midnight Sunday=2025-01-20T00:00"},
			{"They left just after midnight Sunday.", "just after midnight=2025-01-12T00:00+AFTER|Sunday=2025-01-12"},
			{"They met at 9 p.m. on Monday.", "9 p.m. on Monday=2025-01-13T21:00"},
			{"They met at 10:30 UTC and at 11:30 Central European Time.", "10:30 UTC=2025-01-15T10:30|11:30 Central European Time=2025-01-15T11:30"},
			{"They met at 1730 GMT and at noon.", "1730 GMT=2025-01-15T17:30|noon=2025-01-15T12:00"},
			{"They met at nine o'clock and at half past 11 a.m. there.", "nine o'clock=2025-01-15T09:00|half past 11 a.m.=2025-01-15T11:30"},
			{"They meet at 3pm on Thursday (15:00 GMT).", "3pm on Thursday=2025-01-16T15:00|15:00 GMT=2025-01-16T15:00"},
			{"They will vote on Sunday, 23 February. Polls open at 8 a.m.", "Sunday, 23 February=2025-02-23|8 a.m.=2025-02-23T08:00"},
			{"It is valid until midnight. They left just after midnight.", "midnight=2025-01-16T00:00|just after midnight=2025-01-15T00:00+AFTER"},
			{"Updated 14.30 GMT by staff.", "14.30 GMT=2025-01-15T14:30"},
			{"They met last night at 8:30.", "last night at 8:30=2025-01-14T20:30"},
			{"They met at 3 in the morning, at ten past 11 a.m., at dawn.", "3 in the morning=2025-01-15T03:00|ten past 11 a.m.=2025-01-15T11:10|dawn=2025-01-15TMO"},
		}},
		{"holidays", [][2]string{
			{"They met on Christmas Day, at Easter and on Good Friday 2019.", "Christmas Day=2024-12-25|Easter=2024-03-31|Good Friday 2019=2019-04-19"},
			{"They met on Thanksgiving weekend.", "Thanksgiving weekend=2024-W48-WE"},
			{"They fasted in Ramadan last year.", "Ramadan last year=2024-03-11/2024-04-09+APPROX"},
			{"They met at Eid al-Fitr 2024 and on Yom Kippur.", "Eid al-Fitr 2024=2024-04-10+APPROX|Yom Kippur=2024-10-12"},
			{"Chinese New Year 2024 came; Tamil New Year came.", "Chinese New Year 2024=2024-02-10"},
			{"Tariq Ramadan spoke on Easter Island.", ""},
		}},
		{"lengths of time and what recurs", [][2]string{
			{"It took three days, two and a half years and 90 minutes.", "three days=P3D|two and a half years=P2Y6M|90 minutes=PT90M"},
			{"It is to last six to eight weeks.", "six to eight weeks=P8W+APPROX"},
			{"It took several weeks, weeks or months, a year or two.", "several weeks=PXW|weeks or months=PXW|a year or two=P2Y+APPROX"},
			{"Over the past 18 months it fell.", "the past 18 months=P18M"},
			{"They meet every Monday, every other year, twice a week and on Monday nights.", "every Monday=XXXX-WXX-1|every other year=P2Y|twice a week=P1W|Monday nights=XXXX-WXX-1TNI"},
			{"They meet every Monday at 9 p.m., on weekends and on the 19th of every month.", "every Monday at 9 p.m.=XXXX-WXX-1T21:00|weekends=XXXX-WXX-WE|the 19th of every month=XXXX-XX-19"},
			{"They meet each month, every night, every few weeks, several times a year and three days each week.", "each month=P1M|every night=XXXX-XX-XXTNI|every few weeks=PXW|several times a year=P1Y|three days each week=P1W"},
			{"They fell in recent months and in past years.", "recent months=PXM|past years=PAST_REF"},
			{"It was a five-day-long, year-round, three-hour-plus job, in the past half century.", "five-day-long=P5D|three-hour=PT3H|the past half century=P50Y"},
			{"They meet daily, annually, on Fridays, every July.", "daily=P1D|annually=P1Y|Fridays=XXXX-WXX-5|every July=XXXX-07"},
		}},
		{"about, more than", [][2]string{
			{"It took about three days.", "about three days=P3D+APPROX"},
			{"It took more than three days.", "more than three days=P3D+MORE_THAN"},
			{"It took for over three days.", "over three days=P3D+MORE_THAN"},
			{"It was spread over three days.", "three days=P3D"},
			{"They met more than two years ago, and less than a week ago.", "more than two years ago=2023+BEFORE|less than a week ago=2025-01-08+AFTER"},
			{"They met at least two years ago; it was spread over up to three days.", "at least two years ago=2023+ON_OR_BEFORE|up to three days=P3D+EQUAL_OR_LESS"},
			{"They met on 3 May 2021, and again more than two years later.", "3 May 2021=2021-05-03|more than two years later=2023+AFTER"},
			{"It took less than three days.", "less than three days=P3D+LESS_THAN"},
			{"It took at least three days, at most four days.", "at least three days=P3D+EQUAL_OR_MORE|at most four days=P4D+EQUAL_OR_LESS"},
			{"It was built around 1970.", "around 1970=1970+APPROX"},
			{"It was shut until 2028 or later.", "2028 or later=2028+AFTER"},
		}},
		{"now, then, some day", [][2]string{
			{"They are now here.", "now=PRESENT_REF"},
			{"They recently came.", "recently=PAST_REF"},
			{"They will in the future come.", "the future=FUTURE_REF"},
			{"They will one day come.", "one day=FUTURE_REF"},
			{"They look to the years ahead.", "the years ahead=FUTURE_REF"},
			{"The port is today a ruin, unfit for today's world; they met today.", "today=PRESENT_REF|today=PRESENT_REF|today=2025-01-15"},
			{"They spoke today of today's vote.", "today=2025-01-15|today=2025-01-15"},
		}},
		{"the weekday that is meant", [][2]string{
			{"They were expected to leave on Monday. Games scheduled for Monday were held.", "Monday=2025-01-13|Monday=2025-01-13"},
			{"They are expected to leave on Monday.", "Monday=2025-01-20"},
			{"The law took effect last Jan. 20 and ends next Jan. 4.", "last Jan. 20=2024-01-20|next Jan. 4=2026-01-04"},
			{"They met on 3 May 2021. A few days later, on May 7, they left; ten days later they came.", "3 May 2021=2021-05-03|A few days later=2021-05-07|May 7=2021-05-07|ten days later=2021-05-17"},
			{"The trial began. Ten days later they came.", "Ten days later=P10D"},
			{"They met at 9:30 that evening, the week before, and in the predawn hours of Monday.", "9:30 that evening=2025-01-15T21:30|the week before=2025-W02|the predawn hours of Monday=2025-01-13TMO+START"},
			{"They said they would meet on Friday; they would have met on Monday.", "Friday=2025-01-17|Monday=2025-01-13"},
			{"They ran ahead of the caucuses on Friday.", "Friday=2025-01-17"},
			{"They will meet on Tuesday, March 12, they had said.", "Tuesday, March 12=2024-03-12"},
			{"They searched Tuesday night, Wednesday morning and from 1 to 2 p.m.", "Tuesday night=2025-01-14TNI|Wednesday morning=2025-01-15TMO|2 p.m.=2025-01-15T14:00"},
			{"They met in February 2021. Four days later they left.", "February 2021=2021-02|Four days later=P4D"},
			{"They can win in November. They broke an April 25 ceasefire.", "November=2025-11|April 25=2024-04-25"},
			{"They met in July 1997, hid it that fall and left the year after.", "July 1997=1997-07|that fall=1997-FA|the year after=1998"},
			{"The record was set on Aug. 6; the sum would be paid in January, or in February.", "Aug. 6=2024-08-06|January=2025-01|February=2025-02"},
			{"By 2030 it will grow. It fell for the full year; it will rise by year-end, or by the year's end.", "2030=2030|the full year=2025|year-end=2025-12-31|the year's end=2025+END"},
			{"They met on April 12, 1981. It will fly at the end of the month.", "April 12, 1981=1981-04-12|the end of the month=2025-01+END"},
			{"In the past three summers, by the end of the decade, for a quarter of a century.", "the end of the decade=202+END|a quarter of a century=P25Y"},
			{"They met on 3 May 2021 and left earlier in the night. They carried the day.", "3 May 2021=2021-05-03|earlier in the night=2021-05-03TNI"},
			{"They plan it for April 18-25, a weeklong rally.", "April 18-25=2025-04-18/2025-04-25|weeklong=P1W"},
			{"They met almost two weeks ago, and two weeks ago.", "almost two weeks ago=2025-W01+AFTER|two weeks ago=2025-01-01"},
		}},
		{"not dates: programmes, treaties, groups", [][2]string{
			{"They spoke on ``60 Minutes'', \"48 Hours\" and “Saturday Night Live”; “Today” shows this week.", "this week=2025-W03"},
			{"“Today,” they said, “we act.”", "Today=2025-01-15"},
			{"They signed the Good Friday Agreement; the May 15 Group fought Black September in March Madness.", ""},
			{"The half-century-old alliance sued 20th Century Fox.", ""},
		}},
		{"not dates: ages", [][2]string{
			{"He joined in his early 20s, was late in the second half, and won the third in as many days.", ""},
			{"The 68-year-old, aged 68, and a boy of 5 years of age fell.", ""},
			{"Children between 5 and 12 years old fell.", ""},
		}},
		{"not dates: scores, prices, measures", [][2]string{
			{"They won 2-1, 21-19 and 6-4; 10/12 voted; Bell 1:23, Ahn 1:25.", ""},
			{"It costs $2019, £1999 and 2020 dollars; it earns $3 million a year.", ""},
			{"More than a quarter of 2000 people walked 2010 miles.", ""},
			{"It is three-quarters full, or more than three-quarters.", ""},
			{"In the good old days happy hours were long; the fall in prices hurt Monday Night Football.", ""},
		}},
		{"not dates: telephone and model numbers", [][2]string{
			{"Call 555-2019, (202) 555-2019, 1-800-555-1999 or +44 20 7946 2019.", ""},
			{"Windows 2000 ran; Flight 2020 fell; the Russell 2000 index rose; the 2019-nCoV spread.", ""},
			{"See section 2019, Resolution 1973, Room 2020 and No. 2020.", ""},
		}},
		{"not dates: words and names", [][2]string{
			{"You may march in the august hall; troops march.", ""},
			{"May said she would resign.", ""},
			{"Theresa May spoke. To May, it was over; MPs asked May to go.", ""},
			{"Theresa May spoke in May.", "May=2024-05"},
			{"The March for Life drew crowds; the Women's March did, too.", ""},
			{"April said she would; June Smith and August Wilson left.", ""},
			{"He read “1984” and \"1984\" there.", ""},
			{"USA Today and the Sunday Times of Mon State fall in spring.", "spring=2025-SP"},
		}},
		{"digits and dashes of Unicode", [][2]string{
			{"１４ January ２０２５", "１４ January ２０２５=2025-01-14"},
			{"١٤ January ٢٠٢٥", "١٤ January ٢٠٢٥=2025-01-14"},
			{"१४ January २०२५", "१४ January २०२५=2025-01-14"},
			{"14–17 January; 14‑17 January; 14−17 January", "14–17 January=2025-01-14/2025-01-17|14‑17 January=2025-01-14/2025-01-17|14−17 January=2025-01-14/2025-01-17"},
			{"2025‑01‑14", "2025‑01‑14=2025-01-14"},
		}},
	} {
		for _, c := range g.cases {
			if got := told(Find(p.Parse(c[0], 0), asOf)); got != c[1] {
				t.Errorf("%s: %q:\n got %s\nwant %s", g.name, c[0], got, c[1])
			}
		}
	}
}

// TestUnknown is the same with no publication time.
func TestUnknown(t *testing.T) {
	p := parser(t)
	for _, c := range [][2]string{
		{"They met on 14 January 2025.", "14 January 2025=2025-01-14"},
		{"They met on Monday, yesterday, last week and last year.", "Monday=XXXX-WXX-1|yesterday=XXXX-XX-XX|last week=XXXX-WXX|last year=XXXX"},
		{"They met in May 2019. They left on 14 January.", "May 2019=2019-05|14 January=2019-01-14?"},
		{"They left on 14 January.", "14 January=XXXX-01-14"},
		{"They left at Easter, in Ramadan and at Christmas.", "Easter=XXXX-XX-XX|Ramadan=XXXX-XX-XX+APPROX|Christmas=XXXX-12-25"},
		{"They met in the third quarter and in the summer.", "the third quarter=XXXX-Q3|the summer=XXXX-SU"},
		{"They met two weeks ago for three days.", "two weeks ago=XXXX-XX-XX|three days=P3D"},
	} {
		if got := told(Find(p.Parse(c[0], 0), time.Time{})); got != c[1] {
			t.Errorf("%q:\n got %s\nwant %s", c[0], got, c[1])
		}
	}
}

func told(ds []Date) string {
	var out []string
	for _, d := range ds {
		s := d.Text + "=" + d.Value
		if d.Mod != "" {
			s += "+" + d.Mod
		}
		if d.Inferred {
			s += "?"
		}
		out = append(out, s)
	}
	return strings.Join(out, "|")
}
