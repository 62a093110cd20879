package check

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// TestGoreleaser has goreleaser itself check the configuration of releases, and refuse a broken one. It
// is looked for in PATH; CI builds it.
func TestGoreleaser(t *testing.T) {
	tool := checker(t, "goreleaser", "go install github.com/goreleaser/goreleaser/v2")
	check := func(config string) (string, error) {
		path, err := filepath.Abs(config)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(tool, "check", "--config", path)
		cmd.Dir = root
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	own := filepath.Join(deploy, "goreleaser.yaml")
	if out, err := check(own); err != nil || strings.Contains(out, "DEPRECATED") {
		t.Errorf("%v: %s", err, out)
	}
	for name, c := range map[string][2]string{
		"a key that there is not":         {"sbom: spdx", "sboms: spdx"},
		"an image of no build":            {"build: dateline\n", "build: datelin\n"},
		"a form of archive that there is": {"formats: [tar.gz]", "format: tar.gz"}, // no more: deprecated
		"two archives of one name":        {"    name_template: \"{{ .ProjectName }}-open_{{ .Version }}_{{ .Os }}_{{ .Arch }}\"\n    formats", "    id: dateline\n    formats"},
	} {
		b := string(read(t, "goreleaser.yaml"))
		if !strings.Contains(b, c[0]) {
			t.Fatalf("%s: it has no %q", name, c[0])
		}
		bad := filepath.Join(t.TempDir(), "goreleaser.yaml")
		put(t, bad, []byte(strings.Replace(b, c[0], c[1], 1)), 0o600)
		if out, err := check(bad); err == nil {
			t.Errorf("%s is taken: %s", name, out)
		}
	}
}

// TestRelease has releases be what the guide says: built as the image is, the same two platforms in the
// image, a list of contents for each archive and for the image, and the licences in each archive.
func TestRelease(t *testing.T) {
	var c struct {
		Builds []struct {
			ID, Main, Binary    string
			Env, Flags, Ldflags []string
			Goos, Goarch        []string
			ModTimestamp        string `json:"mod_timestamp"`
		}
		Archives []struct {
			ID         string
			IDs, Files []string
		}
		Sboms []struct {
			Artifacts string
			Documents []string
		}
		Kos []struct {
			Build, SBOM     string
			BaseImage       string `json:"base_image"`
			Platforms, Tags []string
			Repositories    []string
		}
	}
	if err := yaml.Unmarshal(read(t, "goreleaser.yaml"), &c); err != nil {
		t.Fatal(err)
	}
	how := buildLine.FindStringSubmatch(string(read(t, "Dockerfile")))
	if how == nil {
		t.Fatal("the Dockerfile builds in another way")
	}
	if len(c.Builds) != 2 || len(c.Archives) != 2 || len(c.Kos) != 1 {
		t.Fatalf("%d builds, %d archives, %d images", len(c.Builds), len(c.Archives), len(c.Kos))
	}
	for i, b := range c.Builds {
		if !slices.Equal(b.Env, how[1:2]) || b.Flags[0] != how[2] || !slices.Equal(b.Ldflags, how[3:4]) || b.Main != how[4] || b.ModTimestamp == "" {
			t.Errorf("%s is not built as the image is: %+v", b.ID, b)
		}
		if open := slices.Contains(b.Flags, "-tags=open"); open != strings.HasSuffix(b.ID, "-open") {
			t.Errorf("%s: flags %v", b.ID, b.Flags)
		}
		if a := c.Archives[i]; !slices.Equal(a.IDs, []string{b.ID}) || !slices.Contains(a.Files, "LICENSE") || !slices.Contains(a.Files, "NOTICE") {
			t.Errorf("archive %s: of %v, with %v", a.ID, a.IDs, a.Files)
		}
	}
	if len(c.Sboms) != 1 || c.Sboms[0].Artifacts != "archive" || !strings.Contains(strings.Join(c.Sboms[0].Documents, " "), "spdx") {
		t.Errorf("lists of contents: %+v", c.Sboms)
	}
	k := c.Kos[0]
	if k.Build != c.Builds[0].ID || k.SBOM != "spdx" || !slices.Equal(k.Platforms, []string{"linux/amd64", "linux/arm64"}) || !strings.HasSuffix(k.BaseImage, ":nonroot") {
		t.Errorf("image: %+v", k)
	}
	// The chart takes its image from there.
	if repo := loadChart(t).Values["image"].(map[string]any)["repository"]; repo != k.Repositories[0] {
		t.Errorf("the chart's image is %v, releases are pushed to %s", repo, k.Repositories[0])
	}
}
