package extractor

import (
	"os/exec"
	"strings"
	"testing"
)

// TestDependencies: the library does no input or output over the network, and knows nothing of what
// is built around it.
func TestDependencies(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	const module = "github.com/datelinenews/dateline/"
	found := 0
	for dep := range strings.FieldsSeq(string(out)) {
		switch inner, ours := strings.CutPrefix(dep, module); {
		case dep == "net", strings.HasPrefix(dep, "net/") && dep != "net/url" && dep != "net/netip":
			t.Errorf("the extractor reaches %s", dep)
		case ours && inner != "extractor" && !strings.HasPrefix(inner, "extractor/"):
			t.Errorf("the extractor reaches %s", dep)
		case ours:
			found++
		}
	}
	if found < 5 {
		t.Errorf("go list names only %d packages of the extractor", found)
	}
}
