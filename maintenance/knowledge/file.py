"""Articles in a plant's files, under `articles:`; the API takes the same shape."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from maintenance.knowledge.article import Article, Language
from maintenance.register.file import Code

Symptom = Annotated[str, Field(min_length=1, max_length=300)]
FailureMode = Annotated[str, Field(pattern=r"^[A-Z0-9]{2,8}$")]


class ArticleShape(BaseModel):
    """What is known about a failure, under `articles:`."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "code": "pump-cavitation",
                    "title": "Pump cavitates",
                    "symptoms": ["sounds as if it pumps gravel"],
                    "failure_modes": ["NOI"],
                    "body": "Look at the suction side first.",
                }
            ]
        },
    )

    code: Code = Field(description="Its code.", examples=["pump-cavitation"])
    title: Annotated[str, Field(min_length=1, max_length=200)] = Field(
        description="What it is about, in a few words.", examples=["Pump cavitates"]
    )
    language: Language = Field(
        default=Language.ENGLISH,
        description="en or de: how its words are inflected.",
        examples=["en"],
    )
    symptoms: Annotated[tuple[Symptom, ...], Field(max_length=50)] = Field(
        default=(),
        description="What people see, hear and report, in their words.",
        examples=[["sounds as if it pumps gravel"]],
    )
    asset_classes: tuple[Code, ...] = Field(
        default=(),
        description="Codes of the classes that it is about; left out: any.",
        examples=[["centrifugal_pump"]],
    )
    failure_modes: tuple[FailureMode, ...] = Field(
        default=(), description="Failure modes (ISO 14224) that it is about.", examples=[["NOI"]]
    )
    body: Annotated[str, Field(min_length=1, max_length=100_000)] = Field(
        description="Markdown, without HTML.", examples=["Look at the suction side first."]
    )

    def to_domain(self) -> Article:
        """The domain's article."""
        return Article(
            code=self.code,
            title=self.title,
            body=self.body,
            language=self.language,
            symptoms=self.symptoms,
            asset_classes=self.asset_classes,
            failure_modes=self.failure_modes,
        )
