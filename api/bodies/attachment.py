"""Documents and photos as the API shows them."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from maintenance.attachments.attachment import Attachment, SubjectKind


class AttachmentBody(BaseModel):
    """A file linked to a thing."""

    id: int
    subject: SubjectKind = Field(description="What sort of thing the file is about.")
    name: str = Field(description="As it was called where it came from.", examples=["leak.jpg"])
    caption: str
    media_type: str = Field(
        description="Found from its first bytes, not from what it calls itself.",
        examples=["image/jpeg"],
    )
    size: int = Field(description="In bytes.")
    sha256: str = Field(description="Digest of the content.")
    actor: str
    attached_at: datetime
    address: str = Field(
        description="Where the content is.", examples=["/api/v1/attachments/7/content"]
    )

    @classmethod
    def of(cls, attachment: Attachment) -> "AttachmentBody":
        """From what is kept of it."""
        return cls(
            id=attachment.id,
            subject=attachment.subject.kind,
            name=attachment.name,
            caption=attachment.caption,
            media_type=attachment.media_type,
            size=attachment.size,
            sha256=attachment.sha256,
            actor=attachment.actor,
            attached_at=attachment.attached_at,
            address=f"/api/v1/attachments/{attachment.id}/content",
        )


class SubjectQuery(BaseModel):
    """Which thing is meant."""

    model_config = ConfigDict(extra="forbid")

    subject: Annotated[SubjectKind, Field(description="What sort of thing.", examples=["asset"])]
    key: Annotated[
        str,
        Field(
            min_length=1,
            max_length=200,
            description="Which one: tag of an asset, number of a work order.",
            examples=["P-101"],
        ),
    ]


class UploadQuery(SubjectQuery):
    """A file that is sent, and what it is about."""

    name: Annotated[
        str,
        Field(
            min_length=1,
            max_length=200,
            pattern=r"^[^/\\\x00-\x1f]+$",
            description="Name of the file, without folders.",
            examples=["leak.jpg"],
        ),
    ]
    caption: Annotated[str, Field(max_length=500, description="What is to be seen.")] = ""


class LinkBody(BaseModel):
    """Another thing that the file is about."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"subject": "order", "key": "WO-000012"}]},
    )

    subject: SubjectKind
    key: str = Field(min_length=1, max_length=200)
