{{/* All names of the chart, built here and nowhere else. One release a namespace. */}}
{{- define "meninx.operator" -}}meninx-operator{{- end }}
{{- define "meninx.ingress" -}}meninx-ingress{{- end }}
{{- define "meninx.inference" -}}meninx-inference{{- end }}
{{- define "meninx.training" -}}meninx-training{{- end }}
{{- define "meninx.setup" -}}meninx-setup{{- end }}
{{- define "meninx.keys" -}}{{ .Values.keys.existingSecret | default "meninx-keys" }}{{- end }}
{{- define "meninx.storeUrl" -}}
http://{{ include "meninx.ingress" . }}.{{ .Release.Namespace }}.svc:8080
{{- end }}

{{/* Labels of an object; the argument is a list of the root and the component. */}}
{{- define "meninx.labels" -}}
{{- $root := index . 0 -}}
{{ include "meninx.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ $root.Chart.Name }}-{{ $root.Chart.Version }}
{{- end }}

{{/* Labels by which pods are found; they never change. */}}
{{- define "meninx.selector" -}}
app.kubernetes.io/name: meninx
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}
