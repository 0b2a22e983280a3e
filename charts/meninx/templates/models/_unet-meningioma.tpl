{{/* The shipped model: the manifest beside it, with the values that a site sets. */}}
{{- define "meninx.unetMeningioma" -}}
{{- $model := .Values.unetMeningioma }}
{{- $spec := (.Files.Get "models/unet-meningioma.yaml" | fromYaml).spec }}
{{- $_ := set $spec "image" $model.image }}
{{- with $model.version }}{{ $_ := set $spec "version" . }}{{ end }}
{{- with $model.weightsSha256 }}{{ $_ := set $spec "weights" (dict "sha256" .) }}{{ end }}
{{- $resources := $spec.resources | default dict }}
{{/* `merge` would take 0 for "not given". */}}
{{- $gpu := $resources.gpu | default dict }}
{{- $_ := set $gpu "count" (int $model.gpuCount) }}
{{- $_ := set $resources "gpu" $gpu }}
{{- with $model.cpu }}{{ $_ := set $resources "cpu" . }}{{ end }}
{{- with $model.memory }}{{ $_ := set $resources "memory" . }}{{ end }}
{{- $_ := set $spec "resources" $resources }}
---
apiVersion: meninx.io/v1alpha1
kind: AIModel
metadata:
  name: unet-meningioma
spec: {{ toYaml $spec | nindent 2 }}
{{- end }}

{{/* The route to it: every MR study; which series serves is the model's own selector. */}}
{{- define "meninx.unetMeningiomaRoute" -}}
{{- $route := .Values.unetMeningioma.route }}
{{- $destinations := $route.destinations }}
{{- if not $destinations }}
{{- range .Values.pacs }}
{{- if dig "mayReceive" true . }}{{ $destinations = append $destinations .name }}{{ end }}
{{- end }}
{{- end }}
---
apiVersion: meninx.io/v1alpha1
kind: StudyRoute
metadata:
  name: meningioma
spec:
  match:
    all:
      - {attribute: Modality, equals: MR}
  modelRef: {name: unet-meningioma}
  completeness: {quietSeconds: {{ $route.quietSeconds }}}
  template: {priority: {{ $route.priority }}}
  {{- with $destinations }}
  destinations:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
{{- end }}
