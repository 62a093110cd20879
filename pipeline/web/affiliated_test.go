package web

import "testing"

func TestAffiliated(t *testing.T) {
	for _, c := range []struct{ organisation, role, want string }{
		{"Velora plc", "chairman", "Velora plc"},
		{"Velora plc", "chairman of Velora plc", ""},
		{"Velora plc", "Velora’s chairman", ""},
		{"Elbtal Logistik GmbH", "chief executive of Elbtal", ""},
		{"Rapid Support Forces", "RSF commander", ""},
		{"National Rally", "National security adviser", "National Rally"},
		{"National Rally", "adviser", "National Rally"},
		{"", "adviser", ""},
	} {
		if got := affiliated(c.organisation, c.role); got != c.want {
			t.Errorf("affiliated(%q, %q) is %q, want %q", c.organisation, c.role, got, c.want)
		}
	}
}
