package timex

import "math"

// newMoon is the k-th new moon after that of 6 January 2000, in days of universal time since
// 1970-01-01, good to some minutes between 1900 and 2100: the mean one and the largest of its
// periodic terms (Meeus, Astronomical Algorithms, chapter 49).
func newMoon(k float64) float64 {
	t := k / 1236.85
	e := 1 - 0.002516*t
	rad := func(deg float64) float64 { return math.Mod(deg, 360) * math.Pi / 180 }
	sun := rad(2.5534 + 29.10535670*k)
	moon := rad(201.5643 + 385.81693528*k + 0.0107582*t*t)
	lat := rad(160.7108 + 390.67050284*k - 0.0016118*t*t)
	const deltaT = 0.0008 // days
	return 10962.59766 - deltaT + 29.530588861*k + 0.00015437*t*t -
		0.40720*math.Sin(moon) + 0.17241*e*math.Sin(sun) + 0.01608*math.Sin(2*moon) + 0.01039*math.Sin(2*lat) +
		0.00739*e*math.Sin(moon-sun) - 0.00514*e*math.Sin(moon+sun) + 0.00208*e*e*math.Sin(2*sun) -
		0.00111*math.Sin(moon-2*lat) - 0.00057*math.Sin(moon+2*lat) + 0.00056*e*math.Sin(2*moon+sun) -
		0.00042*math.Sin(3*moon) + 0.00042*e*math.Sin(sun+2*lat) + 0.00038*e*math.Sin(sun-2*lat)
}

// newMoonSince is the day of the first new moon from a day on, by a clock so many days east of
// UTC.
func newMoonSince(first civil, east float64) civil {
	k := math.Floor((float64(first.number())-10962.6)/29.530588861) - 1
	for {
		if day := int(math.Floor(newMoon(k) + east)); day >= first.number() {
			return dayOf(day)
		}
		k++
	}
}

// lunarNewYear is the first day of a year of the Chinese calendar: the new moon, by the clock of
// Beijing, from 21 January on. From 1900 to 2100 that holds but for two years that had a leap
// month late.
func lunarNewYear(year int) civil {
	from := civil{year, 1, 21}
	if year == 1920 || year == 1985 {
		from.day++
	}
	return newMoonSince(from, 8.0/24)
}
